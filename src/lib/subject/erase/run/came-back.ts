import { tableName } from '../../../platform/map/index.ts';
import { unheldSql } from '../change/delete-rows.ts';
import { isWritable } from '../closure/freeze.ts';
import { keyEquals } from '../closure/key-equals.ts';
import type { FiredTrigger } from '../closure/triggers.ts';
import { firedTriggers } from '../closure/triggers.ts';
import { workTable } from '../closure/work.ts';
import type { ErasureRun } from './run.ts';

/**
 * Puts rows to the end of their work table that are there again under the key of one that was deleted, as a trigger or the
 * application puts them in: they are to go once more. What others took a share in stays.
 * @returns how many
 */
export async function requeueCameBack({ transactions, task }: ErasureRun): Promise<number> {
  const { db } = transactions;
  const { rows: parts } = await db.query<{ part: string; done: string }>(
    `select part, done from ${workTable(task.work, 'progress')} where pg_catalog.left(part, 7) = 'delete '`,
  );
  let found = 0;
  for (const [name, treatment] of task.treatments) {
    const own = parts.filter(({ part }) => part.split(' ').slice(1).includes(name));
    if (own.length === 0 || !isWritable(treatment)) continue;
    const work = workTable(task.work, treatment.number);
    const done = own.reduce((most, part) => (BigInt(part.done) > most ? BigInt(part.done) : most), 0n);
    const { rowCount } = await db.query(
      `update ${work} w set postern_seq = greatest(n.last, $1) + n.place
       from (select w.postern_seq as was, row_number() over (order by w.postern_seq) as place,
               (select coalesce(max(postern_seq), 0) from ${work}) as last
             from ${work} w join ${tableName(name)} t on ${keyEquals(treatment.key, 'w', 't')}
             where w.postern_action = 'delete' and w.postern_seq <= $1${unheldSql(task.graph, treatment)}) n
       where w.postern_seq = n.was`,
      [String(done)],
    );
    found += rowCount ?? 0;
  }
  return found;
}

/** Tables to which triggers have written what was changed or deleted, and those to which that in turn was copied. */
export function copiedTo({ task }: Pick<ErasureRun, 'task'>): ReadonlySet<string> {
  const { graph, treatments } = task;
  const copies = (fired: readonly FiredTrigger[]) =>
    fired.flatMap(({ effect, to }) => (effect === 'copies-pii' ? to : []));
  const found = new Set(
    [...treatments.values()].flatMap((treatment) =>
      copies(firedTriggers(graph.model, treatment, new Set(['update', 'delete']))),
    ),
  );
  for (const name of found) {
    const treatment = treatments.get(name);
    if (treatment === undefined) continue;
    // A set goes on with what is added meanwhile.
    for (const to of copies(firedTriggers(graph.model, treatment, new Set(['insert', 'update']))))
      found.add(to);
  }
  return found;
}
