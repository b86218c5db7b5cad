import type { Queryable } from '../../base/postgres.ts';
import type { Kms } from '../../cloud/kms.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { KeyringTable } from '../keyring/keyring-table.ts';

/** A KMS key under which data keys of a keyring are. */
export interface UsedKek {
  /** As the keyring writes it. */
  readonly written: string;
  /** Undefined where the service does not have it. */
  readonly arn: string | undefined;
  /** The material, where the keyring keeps it. */
  readonly material: string | null;
  readonly keys: number;
}

/** The KMS keys, and their materials, under which a keyring's data keys are; destroyed rows hold none. */
export async function usedKeks(
  db: Queryable,
  kms: Pick<Kms, 'describeKey'>,
  { table, kek, wrapped, material }: KeyringTable,
): Promise<readonly UsedKek[]> {
  const { rows } = await db.query<{ written: string; material: string | null; keys: string }>(
    `select ${quoteIdentifier(kek)}::text as written,
       ${material === undefined ? 'null::text' : `${quoteIdentifier(material)}::text`} as material,
       count(*)::text as keys
     from ${tableName(table)} where octet_length(${quoteIdentifier(wrapped)}) > 0
     group by 1, 2 order by 1, 2`,
  );
  const arns = new Map<string, string | undefined>();
  for (const written of new Set(rows.map((row) => row.written))) {
    arns.set(written, await arnOf(kms, written));
  }
  return rows.map((row) => ({ ...row, arn: arns.get(row.written), keys: Number(row.keys) }));
}

async function arnOf(kms: Pick<Kms, 'describeKey'>, keyId: string): Promise<string | undefined> {
  try {
    return (await kms.describeKey(keyId)).arn;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'kms-key-missing' || code === 'kms-alias') return undefined;
    throw error;
  }
}
