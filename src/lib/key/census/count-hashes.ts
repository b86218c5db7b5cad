import type { Queryable } from '../../base/postgres.ts';
import type { EncryptedColumn, HashParity, KeyedHash, Keyring } from '../../platform/map/index.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { formatOfValue, keyIdOfValue } from '../column/format-of-value.ts';
import { withHashedJoins } from '../column/hashed-joins.ts';
import type { CensusColumn } from './results.ts';

/** The two columns of a keyed hash, counted, and values that the active version has no hash of. */
export interface CountedHashes {
  readonly columns: readonly CensusColumn[];
  readonly missing: { readonly table: string; readonly column: string; readonly values: number };
}

/**
 * Counts the columns of a keyed hash. A hash does not say which version made it: the column is that of the version
 * whose turn it is. Nothing is hashed again.
 * @param sealed what is hashed, where it is encrypted
 */
export async function countHashes(
  db: Queryable,
  hash: KeyedHash & { readonly keyring: Keyring },
  sealed: EncryptedColumn | undefined,
): Promise<CountedHashes> {
  const { table, source, keyring } = hash;
  const versions = await versionsOf(db, keyring);
  const active = versions.find(({ state }) => state === 'active');
  const columns: CensusColumn[] = [];
  for (const parity of ['odd', 'even'] as const) {
    for (const column of hash[parity]) {
      columns.push(
        await countedColumn(db, { table, column, keyring: keyring.table }, inTurn(versions, parity)),
      );
    }
  }
  const [column = ''] = active === undefined ? [] : hash[parityOf(active.version)];
  const values =
    column === ''
      ? 0
      : await withHashedJoins(db, () =>
          count(db, table, `${quoteIdentifier(column)} is null and ${hasValue(source, sealed)}`),
        );
  return { columns, missing: { table, column, values } };
}

/** SQL: whether a row has a value that somebody can read; one that is shredded has no hash. */
function hasValue(source: string, sealed: EncryptedColumn | undefined): string {
  const value = quoteIdentifier(source);
  if (sealed?.keyring === undefined) return `${value} is not null`;
  const { table, id, state } = sealed.keyring;
  return `${value} is not null and not exists (select from ${tableName(table)} k
    where k.${quoteIdentifier(state)}::text = 'destroyed' and k.${quoteIdentifier(id)} =
      case when ${formatOfValue(value)} = 'keyed' then ${keyIdOfValue(value)} end)`;
}

interface Version {
  readonly version: number;
  readonly state: string;
  readonly kek: string;
}

const parityOf = (version: number): HashParity => (version % 2 === 0 ? 'even' : 'odd');
const living: readonly string[] = ['pre-active', 'active', 'decrypt-only'];

/** The version of a column: the one that is written, else the last one that was. */
function inTurn(versions: readonly Version[], parity: HashParity): Version | undefined {
  const own = versions.filter(({ version }) => parityOf(version) === parity);
  return own.findLast(({ state }) => living.includes(state)) ?? own.at(-1);
}

async function versionsOf(
  db: Queryable,
  { table, version, state, kek }: Keyring,
): Promise<readonly Version[]> {
  const { rows } = await db.query<Version>(
    `select ${quoteIdentifier(version)}::float8 as version, ${quoteIdentifier(state)}::text as state,
       ${quoteIdentifier(kek)}::text as kek
     from ${tableName(table)} order by ${quoteIdentifier(version)}`,
  );
  return rows;
}

async function countedColumn(
  db: Queryable,
  place: { readonly table: string; readonly column: string; readonly keyring: string },
  version: Version | undefined,
): Promise<CensusColumn> {
  const own = quoteIdentifier(place.column);
  const { rows } = await db.query<{ values: number; bytes: number }>(
    `select count(${own})::float8 as values, coalesce(sum(pg_catalog.octet_length(${own})), 0)::float8 as bytes
     from ${tableName(place.table)}`,
  );
  const { values = 0, bytes = 0 } = rows[0] ?? {};
  if (values === 0) return { ...place, values, bytes, groups: [] };
  const group = {
    format: 'hashed' as const,
    state: version?.state ?? null,
    kek: version?.kek ?? null,
    isNewest: version === undefined ? null : version.state === 'active',
    keys: version === undefined ? 0 : 1,
    values,
    bytes,
    mostUnderOneKey: values,
    differing: 0,
  };
  return { ...place, values, bytes, groups: [group] };
}

async function count(db: Queryable, table: string, where: string): Promise<number> {
  const { rows } = await db.query<{ values: number }>(
    `select count(*)::float8 as values from ${tableName(table)} where ${where}`,
  );
  return rows[0]?.values ?? 0;
}
