import { counted } from '../../base/counted.ts';
import type { Closure } from './closure/closure.ts';
import type { StepInputs } from './inputs.ts';
import { rewrittenObjects } from './rewritten-objects.ts';

/** A step of an erasure that changes rows. */
export interface RowStep {
  /** `rewrite`: objects of rows that stay; of the live store alone. */
  readonly kind: 'unlink' | 'change' | 'rewrite' | 'untie' | 'delete';
  readonly summary: string;
  readonly inputs: StepInputs;
}

/** What is done to rows, in order: what refers goes before what it refers to. */
export function rowSteps({
  rows,
  keys,
  order,
  task,
}: Pick<Closure, 'rows' | 'keys' | 'order' | 'task'>): readonly RowStep[] {
  const sum = (table: string, actions: readonly string[]): number =>
    rows
      .filter((row) => row.table === table && actions.includes(row.action))
      .reduce((total, row) => total + row.rows, 0);
  const changing = ['detach', 'redact', 'restrict'];
  const changed = [...new Set(rows.map(({ table }) => table))].filter((table) => sum(table, changing) > 0);
  return [
    ...keys
      .filter(({ outcome, stay }) => outcome === 'unlink' && stay > 0)
      .map(({ from, stay, part, columns }) => ({
        kind: 'unlink' as const,
        summary: `empty ${columns.join(', ')} of ${counted(stay, 'row')} of ${from} that stay and refer to rows that go`,
        inputs: { tables: [from], part, columns: [...columns] },
      })),
    ...changed.map((table) => ({
      kind: 'change' as const,
      summary: `take the person out of up to ${counted(sum(table, changing), 'row')} of ${table}`,
      inputs: { tables: [table] },
    })),
    ...changed
      .filter((table) => rewrittenObjects(task.graph.model.tables.get(table)).length > 0)
      .map((table) => ({
        kind: 'rewrite' as const,
        summary: `take the person out of the objects of rows of ${table} that stay`,
        inputs: { tables: [table] },
      })),
    ...order.ties.map(({ table, columns, rows: tied }) => ({
      kind: 'untie' as const,
      summary: `empty ${columns.join(', ')} of ${counted(tied, 'row')} of ${table} that go, which refer to each other`,
      inputs: { tables: [table], columns: [...columns] },
    })),
    ...order.groups.map(({ tables, isWhole }) => ({
      kind: 'delete' as const,
      summary: `delete ${tables.map((table) => `${counted(sum(table, ['delete']), 'row')} of ${table}`).join(' and ')}`,
      inputs: { tables: [...tables], whole: isWhole },
    })),
  ];
}
