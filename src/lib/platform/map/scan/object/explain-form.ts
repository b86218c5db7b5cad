import type { Client } from '../../../../base/postgres.ts';
import type { Column, Relation } from '../../../catalog/index.ts';
import { wordsOf } from '../draft/name-hint.ts';
import type { KeyForm } from './inventory.ts';
import { hasTwins, type Join, joinTable, valuesOf, wholeKeyColumns } from './join-table.ts';
import type { ValueKind } from './key-form.ts';

export interface Explained {
  readonly relation: Relation;
  /** The column that holds the keys; undefined where they are only made from others. */
  readonly column: string | undefined;
  /** As the map writes it. */
  readonly template: string;
  readonly isDeduplicated: boolean;
  readonly reason: string;
  readonly confidence: 'high' | 'medium' | 'low';
}

/** Finds the rows that keys of a form belong to; a text where it is not clear which, or there are none. */
export async function explainForm(
  db: Client,
  relations: readonly Relation[],
  form: KeyForm,
): Promise<Explained | string> {
  const tables = relations.filter(({ kind }) => kind === 'table' || kind === 'partitioned-table');
  const joins: Join[] = [];
  for (const relation of tables) {
    const [holder] = await wholeKeyColumns(db, relation, form);
    const column = relation.columns.find(({ name }) => name === holder);
    const join = column && (await joinTable(db, relation, form, { column, position: 'key' }));
    if (join !== undefined) joins.push(join);
  }
  if (joins.length === 0) joins.push(...(await joinsByValue(db, tables, form)));
  const fitting = joins
    .filter(({ by, columns }) => by.holds === 'key' || columns.every(({ length }) => length > 0))
    .map((join) => ({ join, rank: rankOf(join, form) }))
    .toSorted((one, other) => other.rank - one.rank);
  const [best, second] = fitting;
  if (best === undefined)
    return joins.length === 0 ? 'no table has such values' : 'no row has all of their values';
  if (second !== undefined && second.rank === best.rank) {
    const names = fitting.filter(({ rank }) => rank === best.rank).map(({ join }) => join.relation.name);
    return `they may belong to any of ${names.length} tables: ${names.slice(0, 5).join(', ')}`;
  }
  const { relation, by, rows, keys } = best.join;
  // What is called after its content is there once, however many have it.
  const isDeduplicated =
    rows > keys ||
    valuesOf(form).some(({ kind }) => kind === 'hash') ||
    (by.holds === 'key' && (await hasTwins(db, relation, by.column)));
  return { ...explained(best.join, form), isDeduplicated };
}

/** By a value that finds one row: the end of the key first, where ids stand. */
async function joinsByValue(
  db: Client,
  tables: readonly Relation[],
  form: KeyForm,
): Promise<readonly Join[]> {
  const joins: Join[] = [];
  const values = valuesOf(form);
  for (const relation of tables) {
    let best: Join | undefined;
    for (const [position, { kind }] of [...values.entries()].toReversed()) {
      for (const column of finders(relation, kind)) {
        const join = await joinTable(db, relation, form, { column, position });
        if (join !== undefined && join.keys > (best?.keys ?? 0)) best = join;
      }
    }
    if (best !== undefined) joins.push(best);
  }
  return joins;
}

const kinds: Readonly<Record<ValueKind, RegExp>> = {
  number: /^(?:smallint|integer|bigint)$/,
  uuid: /^(?:uuid|text|character varying)\b(?!.*\[)/,
  hash: /^(?:text|character)\b(?!.*\[)/,
  text: /^(?:text|character varying)\b(?!.*\[)/,
};

/** Columns that find a row by themselves; of hashes also those that are called so, which may find several. */
function finders(relation: Relation, kind: ValueKind): readonly Column[] {
  const alone = new Set([
    ...relation.constraints
      .filter((one) => (one.kind === 'primary-key' || one.kind === 'unique') && one.columns.length === 1)
      .flatMap(({ columns }) => columns),
    ...relation.indexes
      .filter(({ unique, predicate, columns }) => unique && predicate === null && columns.length === 1)
      .flatMap(({ columns }) => columns),
  ]);
  return relation.columns.filter(
    ({ name, baseType }) =>
      kinds[kind].test(baseType) &&
      (alone.has(name) || (kind === 'hash' && /sha|md5|hash|digest|checksum|etag/i.test(name))),
  );
}

/** More keys are better; then a table that the key is called after. */
function rankOf({ relation, keys, by }: Join, { form }: KeyForm): number {
  const words = new Set(wordsOf(form.replaceAll(/<\w+>/g, ' ')).map(singular));
  const isNamed = [...wordsOf(relation.name), ...(by.holds === 'key' ? wordsOf(by.column) : [])].some(
    (word) => words.has(singular(word)),
  );
  return keys * 10 + (isNamed ? 5 : 0);
}

const singular = (word: string): string => (/[^s]s$/.test(word) ? word.slice(0, -1) : word);

function explained({ relation, by, keys, columns }: Join, form: KeyForm): Omit<Explained, 'isDeduplicated'> {
  const all = form.sample.length;
  const isMade = columns.length > 0 && columns.every(({ length }) => length > 0);
  const template = isMade ? templateOf(relation, columns, by, form) : `{${by.column}}`;
  const where = by.holds === 'key' ? `stand in ${by.column}` : `have a row by ${by.column}`;
  const share = keys / all;
  const isSure = keys >= 10 && share >= 0.9 && (by.holds === 'key' || columns.length > 1);
  return {
    relation,
    column: by.holds === 'key' ? by.column : undefined,
    template,
    reason: `${keys} of ${all} keys of the form ${form.form} ${where}`,
    confidence: isSure ? 'high' : share >= 0.5 && keys > 2 ? 'medium' : 'low',
  };
}

function templateOf(
  relation: Relation,
  columns: Join['columns'],
  { column, holds }: Join['by'],
  { sample }: KeyForm,
): string {
  const key = new Set(
    relation.constraints.filter(({ kind }) => kind === 'primary-key').flatMap((one) => one.columns),
  );
  let position = 0;
  const taken = new Set<string>(holds === 'key' ? [column] : []);
  return (sample[0]?.parts ?? [])
    .map((part) => {
      if ('text' in part) return part.text.replaceAll('{', '{{').replaceAll('}', '}}');
      const fitting = columns[position] ?? [];
      position += 1;
      const free = fitting.filter((name) => !taken.has(name));
      const chosen = free.find((name) => key.has(name)) ?? free[0] ?? fitting[0] ?? '';
      taken.add(chosen);
      return `{${chosen}}`;
    })
    .join('');
}
