import type { Queryable } from '../../base/postgres.ts';
import { platformNames } from '../../platform/change-rows.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { WalkedColumn } from '../column/walked-column.ts';
import { type ChangedRows, changeKept, isChangedAfter } from '../walk/kept-rows.ts';

/** A value to be put in the place of another, which must still be there. */
export interface ChangedValue {
  readonly key: readonly string[];
  readonly old: Buffer;
  readonly value: Buffer;
  readonly keyId: string;
}

/**
 * Compares and swaps: a row is changed only where its value is still the one that was read, and only where the new one
 * stays as it was sent. One transaction.
 * @returns what became of them, by position; what the application changed meanwhile stays as it is
 */
export const writeValues = (
  db: Queryable,
  column: WrittenColumn,
  changes: readonly ChangedValue[],
): Promise<ChangedRows> =>
  changeKept(db, changes, {
    write: (some) => swapValues(db, column, some),
    look: isChangedAfter(column.relation) ? (some) => lookAtValues(db, column, some) : undefined,
  });

type WrittenColumn = Pick<WalkedColumn, 'table' | 'column' | 'keyIdColumn' | 'walkable' | 'relation'>;

async function swapValues(
  db: Queryable,
  column: WrittenColumn,
  changes: readonly ChangedValue[],
): Promise<ReadonlyMap<number, boolean>> {
  const { table, source, sameKey, sent, value, beside, isKept, parameters, old } = statementOf(
    column,
    changes,
  );
  const { rows } = await db.query<Found>(
    `update ${table} set ${value} = ${sent}${beside === undefined ? '' : `, ${beside} = n.key_id`}
     from ${source} where ${platformNames} and ${sameKey} and t.${value} = pg_catalog.substr($${parameters.length + 1}::bytea, n.old_start, n.old_length)
     returning n.position::text as position, ${isKept} as kept`,
    [...parameters, old],
  );
  return foundOf(rows);
}

async function lookAtValues(
  db: Queryable,
  column: WrittenColumn,
  changes: readonly ChangedValue[],
): Promise<ReadonlyMap<number, boolean>> {
  const { table, source, sameKey, isKept, parameters } = statementOf(column, changes);
  const { rows } = await db.query<Found>(
    `select n.position::text as position, ${isKept} as kept from ${table} join ${source} on ${sameKey}`,
    [...parameters],
  );
  return foundOf(rows);
}

interface Found {
  readonly position: string;
  readonly kept: boolean;
}

const foundOf = (rows: readonly Found[]): ReadonlyMap<number, boolean> =>
  new Map(rows.map(({ position, kept }) => [Number(position) - 1, kept]));

/** SQL: the table's rows as `t`, and what is to stand in them as `n`. */
function statementOf(column: WrittenColumn, changes: readonly ChangedValue[]) {
  const keys = column.walkable.key;
  const value = quoteIdentifier(column.column);
  const beside = column.keyIdColumn === undefined ? undefined : quoteIdentifier(column.keyIdColumn);
  const arrays = keys.map(({ type }, index) => `$${index + 1}::text[]::${type}[]`);
  const at = keys.length;
  const old = packed(changes.map((change) => change.old));
  const changed = packed(changes.map((change) => change.value));
  const sent = `pg_catalog.substr($${at + 1}::bytea, n.start, n.length)`;
  return {
    table: `${column.walkable.kind === 'table' ? 'only ' : ''}${tableName(column.table)} t`,
    source: `unnest(${arrays.join(', ')}, $${at + 2}::int[], $${at + 3}::int[], $${at + 4}::int[], $${at + 5}::int[], $${at + 6}::uuid[])
       with ordinality n(${keys.map((_, index) => `key${index}`).join(', ')}, old_start, old_length, start, length, key_id, position)`,
    sameKey: keys.map(({ name }, index) => `t.${quoteIdentifier(name)} = n.key${index}`).join(' and '),
    sent,
    value,
    beside,
    isKept: `t.${value} is not distinct from ${sent}${beside === undefined ? '' : ` and t.${beside}::text is not distinct from n.key_id::text`}`,
    parameters: [
      ...keys.map((_, index) => changes.map(({ key }) => key[index])),
      changed.bytes,
      old.starts,
      old.lengths,
      changed.starts,
      changed.lengths,
      changes.map(({ keyId }) => keyId),
    ],
    old: old.bytes,
  };
}

/**
 * Values behind each other as one parameter, which travels as bytes; in an array each would be hexadecimal text within
 * text.
 */
function packed(values: readonly Buffer[]) {
  let start = 1;
  const starts = values.map(({ length }) => {
    start += length;
    return start - length;
  });
  return { bytes: Buffer.concat(values), starts, lengths: values.map(({ length }) => length) };
}
