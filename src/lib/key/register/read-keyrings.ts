import type { Queryable } from '../../base/postgres.ts';
import { type DataMap, type Keyring, keyedHashes, keyringsOf, tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { isoTime } from '../../state/iso-time.ts';
import type { KeyShowResult } from './results.ts';

/** Data keys of one keyring that are in one state, under one key that wraps them. */
export interface KeyringClass {
  /** Canonical `schema.table`. */
  readonly keyring: string;
  readonly state: string;
  /** As the rows name it. */
  readonly kek: string;
  readonly keys: number;
  readonly lowestVersion: number;
  readonly highestVersion: number;
  /** RFC 3339, UTC; null where the map names no column for it. */
  readonly oldest: string | null;
  /** Made before the time that was asked for. */
  readonly old: number;
  /** What is hashed under HMAC keys, `schema.table.column`; undefined for data keys. */
  readonly hashes?: readonly string[];
}

/** Counts the keys of all keyrings by state, in one pass a table. */
export async function readKeyrings(
  db: Queryable,
  map: DataMap,
  oldBefore: Date,
): Promise<readonly KeyringClass[]> {
  const classes: KeyringClass[] = [];
  const hashed = Map.groupBy(keyedHashes(map), ({ keyring }) => keyring?.table);
  for (const keyring of keyringsOf(map)) {
    const [state, kek, version] = [keyring.state, keyring.kek, keyring.version].map(quoteIdentifier);
    const made = createdOf(keyring);
    const { rows } = await db.query<KeyringClass>(
      `select $2::text as keyring, ${state}::text as state, ${kek}::text as kek, count(*)::float8 as keys,
              min(${version})::float8 as "lowestVersion", max(${version})::float8 as "highestVersion",
              ${isoTime(`min(${made})`)} as oldest, count(*) filter (where ${made} <= $1::timestamptz)::float8 as old
       from ${tableName(keyring.table)} group by 2, 3 order by 2, 3`,
      [oldBefore.toISOString(), keyring.table],
    );
    const hashes = hashed.get(keyring.table)?.map(({ table, source }) => `${table}.${source}`);
    classes.push(...rows.map((row) => (hashes === undefined ? row : { ...row, hashes })));
  }
  return classes;
}

/** The data keys of one subject, the newest first. */
export async function versionsOf(
  db: Queryable,
  keyring: Keyring,
  subject: string,
): Promise<KeyShowResult['versions']> {
  const { subject: column } = keyring;
  if (column === undefined) return [];
  const { rows } = await db.query<KeyShowResult['versions'][number]>(
    `select ${quoteIdentifier(keyring.id)}::text as id, ${quoteIdentifier(keyring.version)}::float8 as version,
            ${quoteIdentifier(keyring.state)}::text as state, ${quoteIdentifier(keyring.kek)}::text as kek,
            ${isoTime(createdOf(keyring))} as created
     from ${tableName(keyring.table)} where pg_catalog.format('%s', ${quoteIdentifier(column)}) = $1
     order by ${quoteIdentifier(keyring.version)} desc`,
    [subject],
  );
  return rows;
}

const createdOf = ({ created }: Keyring): string =>
  created === undefined ? 'null::timestamptz' : `${quoteIdentifier(created)}::timestamptz`;
