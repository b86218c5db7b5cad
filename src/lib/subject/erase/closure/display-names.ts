import type { Queryable } from '../../../base/postgres.ts';
import { type Catalog, primaryKey, type Relation, uniqueKeys } from '../../../platform/catalog/index.ts';
import { formatName, type ModelTable, tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import { isOneOf, type RootRow } from '../../find/known-rows.ts';
import { type AliasTable, type PersonGraph, validOwners } from '../../graph/person-graph.ts';
import { parameters } from '../../identity/spots.ts';
import { joinedUp } from './persons.ts';

/**
 * What persons are called (RFC 5322's display names), as their own rows say: the rows that are the person, those with
 * further names of theirs, and rows of which each person has one at most, as a profile. An entry of their address book
 * is of somebody else. Only names of two words and more tell anybody from others.
 */
export async function displayNames(
  db: Queryable,
  { graph, roots }: { readonly graph: PersonGraph; readonly roots: readonly RootRow[] },
  { relations }: Catalog,
): Promise<readonly string[]> {
  const byName = new Map(relations.map((one) => [formatName(one.schema, one.name), one]));
  const found = new Set<string>();
  for (const root of graph.roots) {
    const own = roots.filter(({ table }) => table === root.name);
    if (own.length === 0) continue;
    const above: AliasTable[] = [
      { table: root, root, way: [], spots: [] },
      ...graph.aliases.filter((one) => one.root.name === root.name),
      ...profilesOf(graph, root, byName),
    ];
    for (const one of above) {
      const columns = nameColumns(one.table);
      if (columns.length === 0) continue;
      const { values, add } = parameters();
      const alias = one.way.length === 0 ? 't' : 'a';
      const from = one.way.length === 0 ? `${tableName(root.name)} t` : joinedUp(one);
      const list = columns.map((column) => `${alias}.${quoteIdentifier(column)}::text`).join(', ');
      const { rows } = await db.query<{ names: (string | null)[] }>(
        `select array[${list}] as names from ${from} where ${isOneOf(root, 't', own, { add })}`,
        [...values],
      );
      for (const { names } of rows) for (const name of tellingNames(names)) found.add(name);
    }
  }
  return [...found].toSorted();
}

/** Exclusive tables with one row at most for each row of the root. */
function profilesOf(
  { model }: PersonGraph,
  root: ModelTable,
  relations: ReadonlyMap<string, Relation>,
): readonly AliasTable[] {
  return [...model.tables.values()].flatMap((table) => {
    const relation = relations.get(table.name);
    if (table.entry.ownership !== 'exclusive' || relation === undefined) return [];
    const keys = [primaryKey(relation) ?? [], ...uniqueKeys(relation)].map((key) =>
      key.toSorted().join('\0'),
    );
    return validOwners(model, table)
      .filter(({ toTable, columns }) => toTable === root.name && keys.includes(columns.toSorted().join('\0')))
      .map((reference) => ({ table, root, way: [reference], spots: [] }));
  });
}

/** In the order of the map. */
const nameColumns = ({ fields }: ModelTable): readonly string[] =>
  fields.flatMap(([column, field]) => {
    const { type, category, parser, encrypted, object, paths } = field;
    const isText = /^(?:text|character varying|varchar|character|char|bpchar|citext)(?:\(\d+\))?$/i.test(
      type ?? '',
    );
    const isPlain = [parser, encrypted, object, paths].every((one) => one === undefined);
    return isText && isPlain && /^user\.name(?:\.|$)/.test(category ?? '') ? [column] : [];
  });

/** Letters of a name, so that `J. D.` or `A B` are none. */
const fewestLetters = 5;
const mostLetters = 100;

/** A name in one column, or the two of a first and a last one. */
export function tellingNames(values: readonly (string | null)[]): readonly string[] {
  const texts = values
    .map((value) => (value ?? '').normalize('NFC').trim().replaceAll(/\s+/gu, ' '))
    .filter((text) => text !== '' && !text.includes('@'));
  const [first, last, ...others] = [...new Set(texts.filter((text) => !text.includes(' ')))];
  const joined =
    first === undefined || last === undefined || others.length > 0
      ? []
      : [`${first} ${last}`, `${last} ${first}`, `${last}, ${first}`];
  return [...texts, ...joined].filter((text) => {
    const letters = Array.from(text.replaceAll(/\P{L}/gu, '')).length;
    return text.includes(' ') && letters >= fewestLetters && letters <= mostLetters;
  });
}
