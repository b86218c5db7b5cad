import { setTimeout as pause } from 'node:timers/promises';
import { partial } from '../../../base/error.ts';
import { type Client, sqlState } from '../../../base/postgres.ts';
import type { JsonObject, JsonValue } from '../../../crypto/canonical-json.ts';
import type { StepJournal } from '../../../operation/plan-kind.ts';
import { tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import { type WalkableTable, walkTable } from '../../../platform/walk/index.ts';
import { type PseudonymKey, rotatedPseudonym } from '../pseudonym.ts';
import { changedText, mayHoldSql, textSql } from './column-sql.ts';
import type { PseudonymColumn, PseudonymTable } from './scope.ts';

export interface RotateTask {
  readonly key: PseudonymKey;
  readonly batchSize: number;
  readonly signal: AbortSignal;
  readonly journal: StepJournal;
}

/** Rows that somebody else changed between reading and writing are met again by the next pass. */
const mostPasses = 5;

/** How often a batch waits for somebody else's lock, two seconds each time. */
const mostTries = 10;

/**
 * Rotates a table's pseudonyms in short transactions, each of which may be done again. A value is only replaced where
 * it still is what was read.
 * @throws {PosternError} exit 7: `rows-changing`, `rows-locked`
 */
export async function rotateTable(
  db: Client,
  table: PseudonymTable,
  { key, batchSize, signal, journal }: RotateTask,
): Promise<JsonObject> {
  const progress = progressOf(journal.lastCheckpoint);
  for (let pass = progress.pass; pass <= mostPasses; pass += 1) {
    const after = pass === progress.pass ? progress.after : undefined;
    let lost = after === undefined ? 0 : progress.lost;
    for await (const { rows, keys, lastKey } of walked(db, table, { batchSize, after })) {
      signal.throwIfAborted();
      const changes = changesOf(table, key, rows, keys);
      const written = await writeBatch(db, table, changes, signal);
      progress.values += written.values;
      lost += written.lost;
      await journal.checkpoint({ pass, after: [...lastKey], lost, values: progress.values });
    }
    if (lost === 0) return { table: table.name, values: progress.values, passes: pass };
  }
  throw partial(`rows of ${table.name} change as fast as they are rotated`, {
    code: 'rows-changing',
    hints: ['apply the plan again, at a calmer time'],
  });
}

interface Progress {
  readonly pass: number;
  readonly after: readonly string[] | undefined;
  readonly lost: number;
  values: number;
}

function progressOf(checkpoint: JsonValue | undefined): Progress {
  if (typeof checkpoint !== 'object' || checkpoint === null || Array.isArray(checkpoint))
    return { pass: 1, after: undefined, lost: 0, values: 0 };
  const { pass, after, lost, values } = checkpoint as unknown as Progress;
  return { pass, after, lost, values };
}

function walked(
  db: Client,
  { walkable, columns }: PseudonymTable,
  { batchSize, after }: { readonly batchSize: number; readonly after: readonly string[] | undefined },
) {
  const expressions = columns.map((column) => [column.name, textSql(column, 'walked')]);
  return walkTable(db, walkable, {
    columns: [],
    expressions: Object.fromEntries(expressions),
    batchSize,
    where: { text: columns.map((column) => mayHoldSql(column, 'walked')).join(' or '), values: [] },
    ...(after === undefined ? {} : { after }),
  });
}

interface Change {
  readonly key: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly values: number;
}

type Changes = readonly { readonly column: PseudonymColumn; readonly changes: readonly Change[] }[];

function changesOf(
  { columns }: PseudonymTable,
  key: PseudonymKey,
  rows: readonly Readonly<Record<string, string | null>>[],
  keys: readonly (readonly string[])[],
): Changes {
  return columns.map((column) => ({
    column,
    changes: rows.flatMap((row, index) => {
      const from = row[column.name];
      if (from === null || from === undefined) return [];
      const { text: to, values } = changedText(column, from, (value) => rotatedPseudonym(key, value));
      return values === 0 ? [] : [{ key: keys[index] ?? [], from, to, values }];
    }),
  }));
}

async function writeBatch(
  db: Client,
  table: PseudonymTable,
  batch: Changes,
  signal: AbortSignal,
): Promise<{ readonly values: number; readonly lost: number }> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await db.query('begin');
      await db.query(`set local lock_timeout = '2s'`);
      const written = { values: 0, lost: 0 };
      for (const { column, changes } of batch) {
        if (changes.length === 0) continue;
        const done = await writeColumn(db, table, column, changes);
        written.lost += changes.length - done.size;
        for (const [index, { values }] of changes.entries()) written.values += done.has(index) ? values : 0;
      }
      await db.query('commit');
      return written;
    } catch (error) {
      await db.query('rollback').catch(() => {});
      // lock_not_available, deadlock_detected
      if (!['55P03', '40P01'].includes(sqlState(error) ?? '')) throw error;
      if (attempt === mostTries) {
        throw partial(`others keep rows of ${table.name} locked`, {
          code: 'rows-locked',
          cause: error,
          hints: ['look for long transactions in pg_stat_activity, and apply the plan again'],
        });
      }
      await pause(100 * attempt, undefined, { signal });
    }
  }
}

/** @returns which of the changes were made */
async function writeColumn(
  db: Client,
  { name, walkable }: PseudonymTable,
  column: PseudonymColumn,
  changes: readonly Change[],
): Promise<ReadonlySet<number>> {
  const lists = [
    ...walkable.key.map((_, index) => changes.map(({ key }) => key[index])),
    changes.map(({ from }) => from),
    changes.map(({ to }) => to),
  ];
  const sources = lists.map((_, index) => `pg_catalog.unnest($${index + 1}::text[])`);
  const { rows } = await db.query<{ n: number }>(
    `update ${targetOf(walkable, name)} t set ${quoteIdentifier(column.name)} = v.new::${column.type}
     from rows from (${sources.join(', ')}) with ordinality
       as v (${[...walkable.key.map((_, index) => `k${index}`), 'old', 'new', 'n'].join(', ')})
     where ${sameKey(walkable)} and ${textSql(column, 't')} = v.old
     returning v.n::int as n`,
    lists,
  );
  return new Set(rows.map(({ n }) => n - 1));
}

const targetOf = ({ kind }: WalkableTable, name: string): string =>
  `${kind === 'table' ? 'only ' : ''}${tableName(name)}`;

function sameKey({ key }: WalkableTable): string {
  return key
    .map(({ name, type, operatorSchema = 'pg_catalog' }, index) => {
      const equals = `operator(${quoteIdentifier(operatorSchema)}.=)`;
      return `t.${quoteIdentifier(name)} ${equals} v.k${index}::${type}`;
    })
    .join(' and ');
}
