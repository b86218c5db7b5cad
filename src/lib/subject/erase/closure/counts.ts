import type { Queryable } from '../../../base/postgres.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import { type FreezeTask, isWritable } from './freeze.ts';
import type { RowAction } from './treatment.ts';
import { workTable } from './work.ts';

/** How many rows of a table are treated in which way. */
export interface FrozenRows {
  readonly table: string;
  /** Names the work table. */
  readonly number: number;
  readonly action: RowAction;
  /** The person's own, alone or with others; else rows of others that name them. */
  readonly owned: boolean;
  readonly rows: number;
  /** Those of them of which all is the person's. */
  readonly about: number;
  /** Depends on every key and on nothing else, in whatever order. */
  readonly digest: string;
}

/** What was frozen, by table and action. */
export async function frozenRows(
  db: Queryable,
  { treatments, work }: Pick<FreezeTask, 'treatments' | 'work'>,
): Promise<readonly FrozenRows[]> {
  const found: FrozenRows[] = [];
  for (const treatment of treatments.values()) {
    if (!isWritable(treatment)) continue;
    const { table, number, key } = treatment;
    const text = key.map((name) => `${quoteIdentifier(name)}::text`).join(`, E'\\x1f', `);
    const { rows } = await db.query<Omit<FrozenRows, 'table' | 'number'>>(
      `select postern_action as action, postern_owned as owned, count(*)::float8 as rows,
         (count(*) filter (where postern_scope = 'about'))::float8 as about,
         sum(pg_catalog.hashtextextended(concat(${text}), 0)::numeric)::text as digest
       from ${workTable(work, number)} group by 1, 2 order by 1, 2`,
    );
    found.push(...rows.map((row) => ({ table: table.name, number, ...row })));
  }
  return found;
}
