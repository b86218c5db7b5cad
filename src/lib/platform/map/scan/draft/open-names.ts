import { canonicalName, parseColumnName, parseName } from '../../name.ts';
import { type DraftField, type DraftTable, emailIdentity } from './draft.ts';
import { wordsOf } from './name-hint.ts';

/**
 * Leaves to a person whose address a column holds, where it may be somebody else's than the row's: a second address of a
 * row, and one beside a reference to a person's row. Called the same person's, each would be one of that person's names
 * wherever it stands, and be erased with them everywhere.
 */
export function withOpenNames(tables: readonly DraftTable[]): readonly DraftTable[] {
  const toPersons = new Set([...reachingPersons(tables), ...namelessPersons(tables)]);
  return tables.map((table) => {
    const [first] = table.fields.filter(isName);
    if (first === undefined) return table;
    const open = (field: DraftField): string | undefined => {
      if (!isName(field)) return undefined;
      const leads = waysUp(table).some(
        ({ entry }) => ![entry.column].flat().includes(field.column) && toPersons.has(targetOf(entry)),
      );
      if (leads) return 'another name of the person whose row this is, or of somebody whom it mentions?';
      return field === first
        ? undefined
        : `another name of the person in ${first.column}, or of somebody else?`;
    };
    return { ...table, fields: table.fields.map((field) => opened(field, open(field))) };
  });
}

const isName = ({ entry }: DraftField): boolean =>
  entry.identity === emailIdentity && entry.parser === undefined && entry.type?.endsWith('[]') !== true;

function opened(field: DraftField, question: string | undefined): DraftField {
  if (question === undefined) return field;
  const { entry, note } = field;
  const reason = `${note.reason}; ${question} the identity of another subject says the latter`;
  return { ...field, entry: { ...entry, identity: 'TODO' }, note: { ...note, reason } };
}

const targetOf = ({ to }: DraftTable['references'][number]['entry']): string =>
  canonicalName(parseColumnName([to].flat()[0] ?? '')?.table ?? '');

/** A row's tenant is nobody's person, though it may have an address. */
const waysUp = ({ name, references, tenant }: DraftTable): DraftTable['references'] =>
  references.filter(
    ({ entry }) =>
      targetOf(entry) !== name && JSON.stringify([entry.column].flat()) !== JSON.stringify([tenant?.column]),
  );

/** Tables with a name in a column, and those that lead to such over references. */
function reachingPersons(tables: readonly DraftTable[]): ReadonlySet<string> {
  const found = new Set(tables.filter(({ fields }) => fields.some(isName)).map(({ name }) => name));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const table of tables) {
      if (waysUp(table).some(({ entry }) => found.has(targetOf(entry)))) found.add(table.name);
    }
  }
  return found;
}

/** Tables of persons whose addresses stand in other tables: where those are several, each may hold somebody else's. */
function namelessPersons(tables: readonly DraftTable[]): readonly string[] {
  const named = tables.filter(({ fields }) => fields.some(isName));
  return tables.flatMap(({ name, fields }) => {
    const words = wordsOf(parseName(name)?.[1] ?? '').join(' ');
    if (fields.some(isName) || !/\b(?:user|account|person|people|member|customer|contact)s?$/.test(words))
      return [];
    const leading = named.filter((table) => waysUp(table).some(({ entry }) => targetOf(entry) === name));
    return leading.length > 1 ? name : [];
  });
}
