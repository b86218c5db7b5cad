import type { Queryable } from '../../../base/postgres.ts';
import { type ModelTable, tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import { resolvePerson } from '../../find/resolve.ts';
import { namesOf } from '../../graph/person-graph.ts';
import type { HoldMatcher } from '../../hold/index.ts';
import { isWeak } from '../../identity/identities.ts';
import type { KnownValues, Spot } from '../../identity/spots.ts';
import { type FreezeTask, isWritable } from './freeze.ts';
import { keyEquals } from './key-equals.ts';
import type { Person } from './persons.ts';
import { workTable } from './work.ts';

/**
 * Those of a tenant's persons on whom there is a hold: a tenant's end does not end the holds on its persons. Every name
 * of every account is hashed and compared. Within a transaction, with the rows frozen.
 */
export async function personsOnHold(
  db: Queryable,
  task: FreezeTask,
  holds: HoldMatcher,
): Promise<readonly Person[]> {
  if (!holds.onPersons) return [];
  const { graph, tenant, isUtf8, signal } = task;
  const found: (readonly [kind: string, value: string])[] = [];
  for (const table of new Set([...graph.roots, ...graph.aliases.map(({ table: alias }) => alias)])) {
    for (const spot of namesOf(graph.spots, table)) {
      if (isWeak(spot.identity)) continue;
      for await (const value of namesIn(db, task, table, spot)) {
        const name = [spot.identity.kind, value] as const;
        if (holds.ofPerson(knownBy(name)).length > 0) found.push(name);
      }
    }
  }
  const persons: Person[] = [];
  // In the same order each time, as what is kept is compared with the plan.
  const sorted = found.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  for (const [number, name] of sorted.entries()) {
    const { known, roots } = await resolvePerson(db, { graph, tenant, isUtf8, signal }, knownBy(name));
    persons.push({ number, known, roots });
  }
  return persons;
}

const knownBy = ([kind, value]: readonly [string, string]): KnownValues =>
  new Map([[kind, new Set([value])]]);

/** Values that are read at once. */
const page = 10_000;

async function* namesIn(
  db: Queryable,
  { treatments, work, signal }: FreezeTask,
  table: ModelTable,
  { column }: Spot,
): AsyncIterable<string> {
  const treatment = treatments.get(table.name);
  if (treatment === undefined || !isWritable(treatment)) return;
  const same = keyEquals(treatment.key, 'w', 't');
  await db.query(
    `declare postern_names no scroll cursor for select distinct t.${quoteIdentifier(column)}::text as value
     from ${tableName(table.name)} t join ${workTable(work, treatment.number)} w on ${same} where w.postern_owned`,
  );
  for (;;) {
    signal.throwIfAborted();
    const { rows } = await db.query<{ value: string | null }>(`fetch ${page} from postern_names`);
    for (const { value } of rows) if (value !== null && value.trim() !== '') yield value;
    if (rows.length < page) break;
  }
  await db.query('close postern_names');
}
