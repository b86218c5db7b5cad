import type { Queryable } from '../../base/postgres.ts';
import type { EncryptedColumn, Keyring } from '../../platform/map/index.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { formatOfValue, keyIdOfValue } from '../column/format-of-value.ts';
import { withHashedJoins } from '../column/hashed-joins.ts';

/** Values that are under keys of one kind. */
export interface CountedKeys {
  /** `keyed`: `state` and what follows is told by the keyring, or null where it has no such key. */
  readonly format: 'plain' | 'truncated' | 'version' | 'keyed';
  readonly state: string | null;
  readonly kek: string | null;
  /** Whether no younger version of the same key is there. */
  readonly isNewest: boolean | null;
  /** How many different keys. */
  readonly keys: number;
  readonly values: number;
  readonly bytes: number;
  /** Values under the one key that has most of them; 0 where they name no key. */
  readonly mostUnderOneKey: number;
  /** How many of the values stand beside a key id that is not theirs. */
  readonly differing: number;
}

/** Counts a column's values by the keys that they name; nothing is decrypted, and no value leaves the server. */
export async function countColumn(db: Queryable, column: EncryptedColumn): Promise<readonly CountedKeys[]> {
  const { rows } = await withHashedJoins(db, () => db.query<CountedRow>(censusQuery(column)));
  return rows.map((row) => ({
    ...row,
    keys: Number(row.keys),
    values: Number(row.values),
    bytes: Number(row.bytes),
    mostUnderOneKey: Number(row.mostUnderOneKey),
    differing: Number(row.differing),
  }));
}

type Counts = 'keys' | 'values' | 'bytes' | 'mostUnderOneKey' | 'differing';
type CountedRow = Omit<CountedKeys, Counts> & Readonly<Record<Counts, string>>;

/** Grouped by key first: the keyring is asked once a key, not once a value. */
function censusQuery({ table, column, keyIdColumn, keyring }: EncryptedColumn): string {
  const value = quoteIdentifier(column);
  const beside = keyIdColumn === undefined ? undefined : quoteIdentifier(keyIdColumn);
  const format = formatOfValue(value);
  return `
with valued as (
  select ${format} as format, case when ${format} = 'keyed' then ${keyIdOfValue(value)} end as key_id,
    pg_catalog.octet_length(${value}) as bytes, ${beside ?? 'null::uuid'} as beside
  from ${tableName(table)} where ${value} is not null
), counted as (
  select format, key_id, count(*) as values, sum(bytes) as bytes,
    ${beside === undefined ? '0' : 'count(*) filter (where beside is distinct from key_id)'} as differing
  from valued group by format, key_id
)
select format, ${keyring === undefined ? 'null::text' : 'k.state'} as state,
  ${keyring === undefined ? 'null::text' : 'k.kek'} as kek,
  ${keyring === undefined ? 'null::boolean' : 'k.is_newest'} as "isNewest",
  count(key_id)::text as keys, sum(values)::text as values, sum(counted.bytes)::text as bytes,
  coalesce(max(values) filter (where key_id is not null), 0)::text as "mostUnderOneKey",
  sum(differing)::text as differing
from counted ${keyring === undefined ? '' : `left join (${keysQuery(keyring)}) k on k.id = key_id`}
group by 1, 2, 3, 4 order by 1, 2, 3, 4`;
}

function keysQuery({ table, id, subject, version, state, kek }: Keyring): string {
  const partition = subject === undefined ? '' : `partition by ${quoteIdentifier(subject)} `;
  const number = quoteIdentifier(version);
  return `select ${quoteIdentifier(id)} as id, ${quoteIdentifier(state)}::text as state,
    ${quoteIdentifier(kek)}::text as kek,
    ${number} = max(${number}) over (${partition.trim()}) as is_newest
  from ${tableName(table)}`;
}
