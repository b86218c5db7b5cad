import type { Client } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import type { WalkedColumn } from '../column/walked-column.ts';
import type { KeyContext } from '../context.ts';
import type { Bearable } from './bearable.ts';
import { measured } from './measured.ts';
import { partBounds } from './part-bounds.ts';
import { underPressure } from './pressure.ts';
import type { KeyedRow, RowWork } from './row-work.ts';
import { inTurn, rowsPerSecond, type Throttle, unthrottled } from './throttle.ts';
import { createParts, type WalkId, walkTotals } from './walk-part.ts';
import { workOnWalk } from './work-on-walk.ts';

/** What a walk has to know of a column. */
export type WalkedPlace = Pick<WalkedColumn, 'table' | 'column' | 'relation' | 'walkable'>;

export interface WalkOptions {
  readonly batchSize: number;
  readonly workers: number;
  readonly rowsPerSecond: number | null;
  /** Without it, nothing of the server is looked at. */
  readonly bearable?: Bearable;
}

/** A walk as a step of a plan: over all rows of a column's table, in parts. @returns the step's result */
export async function walkTableRows<Row extends KeyedRow>(
  context: KeyContext,
  db: Client,
  {
    walk,
    column,
    work,
    onRows: told,
  }: {
    readonly walk: WalkId;
    readonly column: WalkedPlace;
    readonly work: RowWork<Row>;
    /** Told of every batch that this process works on. */
    readonly onRows?: (rows: number) => void;
  },
  options: WalkOptions,
): Promise<JsonObject> {
  const measure = await measured(context, db);
  const state = await context.state();
  const rows = column.relation.estimatedRows ?? 0;
  await createParts(state, walk, await partBounds(db, column, rows));
  const shown = context.progress.step(`${column.table}.${column.column}`, { total: rows, unit: 'rows' });
  const { workers } = options;
  const throttle = throttleOf(context, db, column, options);
  const onRows = (count: number) => {
    shown.advance(count);
    told?.(count);
  };
  await workOnWalk(context, { walk, work, batchSize: batchOf(options), throttle, onRows }, workers);
  shown.done();
  const { seen, written, moved, refused } = await walkTotals(state, walk);
  return { seen, written, moved, refused, ...(await measure()) };
}

function throttleOf(
  context: KeyContext,
  db: Client,
  { table }: WalkedPlace,
  { rowsPerSecond: rate, bearable }: WalkOptions,
): Throttle {
  const byRate = rate === null ? unthrottled : rowsPerSecond(rate);
  if (bearable === undefined) return byRate;
  const onPause = (reason: string) => context.progress.detail(`paused: ${reason}`);
  return inTurn(underPressure(db, { table, limits: bearable, onPause }), byRate);
}

/** Seconds that a batch may take at a slow rate: a walk that is to stop ends behind one. */
const longestBatch = 5;

const batchOf = ({ batchSize, rowsPerSecond: rate }: WalkOptions): number =>
  rate === null ? batchSize : Math.max(1, Math.min(batchSize, Math.floor(rate * longestBatch)));
