import type { Precondition } from '../../operation/plan.ts';
import { precondition } from '../../operation/staleness.ts';
import type { KeyringScope } from './scope.ts';

/** What the plan was made for: which columns, bound to what, keyed how, and what a change of them sets off. */
export function scopePrecondition({ keyring, columns }: KeyringScope): Precondition {
  const { relation: _, ...described } = keyring;
  return precondition('keyring and encrypted columns', {
    keyring: JSON.parse(JSON.stringify(described)),
    columns: columns.map(({ table, column, name, keyIdColumn = null, subject, walkable, relation }) => ({
      table,
      column,
      name: { ...name },
      keyIdColumn,
      subject: subject.map((step) => ({ ...step })),
      key: walkable.key.map(({ name: part, type }) => ({ part, type })),
      triggers: relation.triggers.map(({ name: trigger, definition }) => ({ trigger, definition })),
    })),
  });
}
