import type { Proposal } from '../results.ts';
import type { Draft, DraftField, DraftTable } from './draft.ts';

const whole = { column: null, path: null };

/** Everything that the draft proposes, with its reason, as data. */
export function proposalsOf({ tables, keyrings, triggers }: Draft): readonly Proposal[] {
  return [
    ...tables.flatMap(ofTable),
    ...keyrings.map(
      ({ table, entry, note }): Proposal => ({
        table,
        ...whole,
        what: 'keyring',
        value: entry.wrapped,
        ...note,
      }),
    ),
    ...triggers.map(
      ({ name, effect, note }): Proposal => ({
        table: name,
        ...whole,
        what: 'trigger',
        value: effect,
        ...note,
      }),
    ),
  ];
}

function ofTable(draft: DraftTable): readonly Proposal[] {
  const { name: table, primaryKey, tenant, owner, references, fields, nonPersonal } = draft;
  const proposals: Proposal[] = [];
  if (primaryKey !== undefined)
    proposals.push({
      table,
      ...whole,
      what: 'key',
      value: primaryKey.columns.join(', '),
      ...primaryKey.note,
    });
  if (tenant !== undefined)
    proposals.push({
      table,
      column: tenant.column,
      path: null,
      what: 'tenant',
      value: tenant.column,
      ...tenant.note,
    });
  if (owner !== undefined)
    proposals.push({ table, ...whole, what: 'owner', value: owner.names.join(', '), ...owner.note });
  for (const { entry, note } of references) {
    const [column, value] = [[entry.column].flat().join(', '), [entry.to].flat().join(', ')];
    proposals.push({ table, column, path: null, what: 'reference', value, ...note });
  }
  proposals.push(...fields.flatMap((field) => ofField(table, field)));
  for (const { column, note } of nonPersonal)
    proposals.push({ table, column, path: null, what: 'non-personal', value: 'non_personal', ...note });
  return proposals;
}

function ofField(table: string, field: DraftField): readonly Proposal[] {
  const { column, entry, note, pathNotes } = field;
  if (entry.object !== undefined) {
    const { bucket, key } = entry.object;
    const { object: _, ...rest } = entry;
    const others = rest.category === undefined ? [] : ofField(table, { ...field, entry: rest });
    return [{ table, column, path: null, what: 'object', value: `${bucket}: ${key}`, ...note }, ...others];
  }
  const value = entry.category ?? 'TODO';
  if (entry.paths === undefined) {
    const isOpen = value === 'TODO' && entry.encrypted === undefined;
    return [{ table, column, path: null, what: isOpen ? 'undecided' : 'personal', value, ...note }];
  }
  return Object.entries(entry.paths).map(([path, { category = 'TODO' }]) => ({
    table,
    column,
    path,
    what: 'personal',
    value: category,
    ...(pathNotes.get(path) ?? note),
  }));
}
