import { PosternError } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import type { KmsService } from '../../cloud/kms-service.ts';
import { readCatalog } from '../../platform/catalog/index.ts';
import {
  type DataMap,
  encryptedColumns,
  type Keyring,
  keyringsOf,
  tableName,
} from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { countAffected, countUnder, type Under } from '../column/count-under.ts';
import { byteaColumn } from '../column/walked-column.ts';
import type { CompromisedKeys } from '../keyring/compromised.ts';
import type { MeantKey } from './meant.ts';
import type { BlastColumn } from './results.ts';

/** Keys of one keyring that somebody may know. */
export interface CompromisedKeyring {
  readonly keyring: Keyring;
  readonly compromised: CompromisedKeys;
}

export interface Blast {
  readonly columns: readonly BlastColumn[];
  readonly subjects: number | null;
  readonly tenants: number | null;
}

/** Which keys of which keyrings somebody knows who knows this key. Errors as `Kms`. */
export async function compromisedKeyrings(
  db: Queryable,
  map: DataMap,
  { key, versions }: Pick<MeantKey, 'key' | 'versions'>,
  kms: () => Promise<KmsService>,
): Promise<readonly CompromisedKeyring[]> {
  const keyrings = keyringsOf(map);
  if (key.kind === 'dek') {
    const compromised: CompromisedKeys =
      versions === undefined ? { what: 'keyring' } : { what: 'versions', ids: versions.map(({ id }) => id) };
    return keyrings.filter(({ table }) => table === key.name).map((keyring) => ({ keyring, compromised }));
  }
  if (key.kind !== 'kek') return [];
  const arn = key.id.slice(key.id.indexOf(':') + 1);
  const found: CompromisedKeyring[] = [];
  for (const keyring of keyrings) {
    const names = await namesOf(db, keyring, arn, kms);
    if (names.length > 0) found.push({ keyring, compromised: { what: 'kek', names: [...names] } });
  }
  return found;
}

/** Under which names the rows of a keyring have a KMS key: its id, its ARN. */
async function namesOf(
  db: Queryable,
  { table, kek }: Keyring,
  arn: string,
  kms: () => Promise<KmsService>,
): Promise<readonly string[]> {
  const { rows } = await db.query<{ kek: string }>(
    `select distinct ${quoteIdentifier(kek)}::text as kek from ${tableName(table)} where ${quoteIdentifier(kek)} is not null`,
  );
  const names: string[] = [];
  for (const { kek: name } of rows) if (name === arn || (await arnOf(kms, name)) === arn) names.push(name);
  return names;
}

/** Undefined for a name that the service does not have, or not for us. */
async function arnOf(kms: () => Promise<KmsService>, name: string): Promise<string | undefined> {
  try {
    return (await (await kms()).describeKey(name)).arn;
  } catch (error) {
    if (error instanceof PosternError && ofOneKey.includes(error.code)) return undefined;
    throw error;
  }
}

const ofOneKey: readonly (string | undefined)[] = ['kms-key-missing', 'kms-access-denied', 'kms-alias'];

/** What stands in the database under these keys, counted now. @throws {PosternError} as `byteaColumn` */
export async function blastOf(
  db: Queryable,
  map: DataMap,
  keyrings: readonly CompromisedKeyring[],
): Promise<Blast> {
  const unders = keyrings.flatMap(({ keyring, compromised }) =>
    encryptedColumns(map)
      .filter((column) => column.format === 'postern' && column.keyring?.table === keyring.table)
      .map((column) => ({ column, keyring, compromised }) satisfies Under),
  );
  const catalog = await readCatalog(db);
  for (const { column } of unders) byteaColumn(column, catalog);
  const columns: BlastColumn[] = [];
  for (const under of unders) {
    const { activeValues: _, activeKeys: __, ...counted } = await countUnder(db, under);
    const { table, column, category = null } = under.column;
    columns.push({ table, column, keyring: under.keyring.table, category, ...counted });
  }
  return { columns, ...(await countAffected(db, unders)) };
}
