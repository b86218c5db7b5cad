import { inParallel } from '../../base/in-parallel.ts';
import type { Client } from '../../base/postgres.ts';
import type { Kms } from '../../cloud/kms.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { KeyVersion } from '../keyring/key-version.ts';
import type { KeyringTable } from '../keyring/keyring-table.ts';
import { contextAfter } from './context-after.ts';
import { rewrapKey } from './rewrap-key.ts';

export interface RewrapTask {
  readonly db: Client;
  readonly kms: Pick<Kms, 'reEncrypt' | 'decrypt'>;
  readonly keyring: KeyringTable;
  /** ARN. */
  readonly to: string;
  /** The material that is to wrap nothing any more. */
  readonly former: string | undefined;
}

export interface RewrapOutcome {
  readonly rewrapped: number;
  /** Changed or gone between reading and writing: seen again by the census. */
  readonly moved: number;
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
}

/** Requests to the service at once. */
const atOnce = 8;

/** Wraps the keys of a page anew; a row is written only where it still holds what was read. */
export async function rewrapPage(task: RewrapTask, keys: readonly KeyVersion[]): Promise<RewrapOutcome> {
  const { db, kms, keyring, to, former } = task;
  const refused: { id: string; reason: string }[] = [];
  const written: { old: KeyVersion; wrapped: Buffer; material: string | undefined }[] = [];
  const contexts = await contextAfter(db, keyring, keys, to);
  await inParallel(keys, atOnce, async (old) => {
    const outcome = await rewrapKey(kms, old, {
      keyId: to,
      context: contexts.get(old.id) ?? old.context,
      former,
    });
    if (outcome.kind === 'refused') refused.push({ id: old.id, reason: outcome.reason });
    else written.push({ old, wrapped: outcome.wrapped, material: outcome.material });
  });
  const [id, wrapped, kek] = [keyring.id, keyring.wrapped, keyring.kek].map(quoteIdentifier);
  const material =
    keyring.material === undefined ? '' : `, ${quoteIdentifier(keyring.material)} = n.material`;
  const { rowCount } = await db.query(
    `update ${tableName(keyring.table)} k set ${wrapped} = n.new, ${kek} = $1${material}
     from unnest($2::uuid[], $3::bytea[], $4::bytea[], $5::text[]) n(id, old, new, material)
     where k.${id} = n.id and k.${wrapped} = n.old`,
    [
      to,
      written.map(({ old }) => old.id),
      written.map(({ old }) => old.wrapped),
      written.map((row) => row.wrapped),
      written.map((row) => row.material ?? null),
    ],
  );
  return { rewrapped: rowCount ?? 0, moved: written.length - (rowCount ?? 0), refused };
}
