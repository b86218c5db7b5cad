import { type ModelReference, type ModelTable, tableName } from '../../../platform/map/index.ts';
import { referredSql, referringSql } from '../../graph/join-sql.ts';
import { validOwners } from '../../graph/person-graph.ts';
import type { FreezeTask } from './freeze.ts';
import { keyEquals } from './key-equals.ts';
import { tenantReferences } from './tenant-rows.ts';
import { isPlain, type Treatment } from './treatment.ts';
import { workTable } from './work.ts';

/** SQL over a work table's row: whether nobody else owns the row, whatever the map does with one that others own too. */
export const ownedAlone = (alias: string): string =>
  `${alias}.postern_owned and ${alias}.postern_action <> 'detach' and ${alias}.postern_scope = 'about'`;

/** The references over which rows of a table belong to others that go. */
export const ownersOf = ({ graph, wholeTenant }: FreezeTask, table: ModelTable): readonly ModelReference[] =>
  wholeTenant === true ? tenantReferences(graph, table) : validOwners(graph.model, table);

/** How a row may lead to what it belongs to. */
export interface Way {
  /** SQL over `t`: whether a row leads to what goes this way. */
  readonly isTheirs: string;
  /** SQL over `t`: whether it leads to somebody else this way. */
  readonly isOthers: string;
}

/**
 * The ways from the rows of a table to those that they belong to.
 * @param known tables whose work tables are there: a ring of owners is walked once
 */
export function waysToOwner(
  task: FreezeTask,
  { table }: Treatment,
  known: ReadonlySet<string>,
): readonly Way[] {
  const { graph, treatments, work } = task;
  const owners = ownersOf(task, table).flatMap((reference): readonly Way[] => {
    const owner = treatments.get(reference.toTable);
    if (owner === undefined || !known.has(reference.toTable)) return [];
    const from = referringSql(reference, 't');
    const to = referredSql(reference, 'w');
    const frozen = workTable(work, owner.number);
    const isTheirs = `(${from}) in (select ${to} from ${frozen} w where w.postern_owned)`;
    // What belongs to a row that others keep is theirs as well.
    const wholly = `(${from}) in (select ${to} from ${frozen} w where ${ownedAlone('w')})`;
    return [{ isTheirs, isOthers: `((${from}) is not null and (${wholly}) is not true)` }];
  });
  const holders = (graph.holders.get(table.name) ?? []).flatMap(
    ({ table: holder, reference }): readonly Way[] => {
      const held = treatments.get(holder.name);
      if (held === undefined || !isPlain(reference) || !known.has(holder.name)) return [];
      const frozen = workTable(work, held.number);
      const own = referredSql(reference, 't');
      const same = keyEquals(held.key, 'w', 'l');
      return [
        {
          isTheirs: `(${own}) in (select ${referringSql(reference, 'w')} from ${frozen} w where w.postern_owned)`,
          isOthers: `exists (select from ${tableName(holder.name)} l where (${referringSql(reference, 'l')}) = (${own})
          and not exists (select from ${frozen} w where ${ownedAlone('w')} and ${same}))`,
        },
      ];
    },
  );
  return [...owners, ...holders];
}
