import { refused } from '../../../base/error.ts';
import type { Queryable } from '../../../base/postgres.ts';
import { tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import type { RootRow } from '../../find/known-rows.ts';
import { isOneOf } from '../../find/known-rows.ts';
import { separatePersons } from '../../find/one-person.ts';
import { type Resolving, resolvePerson } from '../../find/resolve.ts';
import { referredSql, referringSql } from '../../graph/join-sql.ts';
import { type AliasTable, ownNamesOf, type PersonGraph } from '../../graph/person-graph.ts';
import { isName, isWeak, searchForms } from '../../identity/identities.ts';
import { type KnownValues, parameters, type Spot, valueRead, valueSql } from '../../identity/spots.ts';

/** One person of those who are to be erased. */
export interface Person {
  /** Counted from 0, as they were given; the first of several that turned out to be one person. */
  readonly number: number;
  readonly known: KnownValues;
  readonly roots: readonly RootRow[];
}

/** Who is to be erased, all together and one by one. */
export interface Persons {
  readonly known: KnownValues;
  readonly roots: readonly RootRow[];
  readonly each: readonly Person[];
}

/**
 * Resolves many persons in as many statements as one. What was found is then told apart by the names and rows that
 * hang together: two that do are one person.
 * @param seeds of each person, at least one
 * @param onePerson whether rows of one table that the names of one lead to are one person
 * @throws {PosternError} exit 6, `subject-ambiguous`: names of one lead to two rows of a table, which nobody said are one
 * person; as `resolvePerson`
 */
export async function resolvePersons(
  db: Queryable,
  resolving: Resolving,
  seeds: readonly KnownValues[],
  onePerson = false,
): Promise<Persons> {
  const { known, roots } = await resolvePerson(db, { ...resolving, persons: seeds.length }, together(seeds));
  const rings = connected();
  for (const root of roots) rings.add(rowNode(root));
  for (const [kind, values] of known) {
    for (const value of values) link(rings, resolving, kind, value, nameNode(kind, value));
  }
  for (const { node, kind, value } of await links(db, resolving, roots)) {
    // What several share leads to nobody, and was not learnt.
    if (known.get(kind)?.has(value) === true) rings.join(node, nameNode(kind, value));
  }
  if (!onePerson) {
    const found = { rings, roots, graph: resolving.graph };
    for (const [number, seed] of seeds.entries()) requireOne(number, seed, found);
  }
  // Names of one person may have nothing in common but that somebody gave them together.
  for (const seed of seeds) for (const name of namesIn(seed)) rings.join(firstName(seed), name);
  const each = new Map<string, { number: number; known: Map<string, Set<string>>; roots: RootRow[] }>();
  for (const [number, seed] of seeds.entries()) {
    const ring = rings.of(firstName(seed));
    if (!each.has(ring)) each.set(ring, { number, known: new Map(), roots: [] });
  }
  for (const root of roots) each.get(rings.of(rowNode(root)))?.roots.push(root);
  for (const [kind, values] of known) {
    for (const value of values) {
      const own = each.get(rings.of(nameNode(kind, value)))?.known;
      own?.set(kind, (own.get(kind) ?? new Set()).add(value));
    }
  }
  return { known, roots, each: [...each.values()] };
}

const namesIn = (seed: KnownValues): readonly string[] =>
  [...seed].flatMap(([kind, values]) => [...values].map((value) => nameNode(kind, value)));

function together(seeds: readonly KnownValues[]): KnownValues {
  const all = new Map<string, Set<string>>();
  for (const seed of seeds) {
    for (const [kind, values] of seed) all.set(kind, new Set([...(all.get(kind) ?? []), ...values]));
  }
  return all;
}

const rowNode = ({ table, key }: Pick<RootRow, 'table' | 'key'>): string => JSON.stringify([table, ...key]);
const nameNode = (kind: string, value: string): string => `name ${kind} ${value}`;

function firstName(seed: KnownValues): string {
  const [first] = namesIn(seed);
  if (first === undefined) throw new TypeError('a person needs a name');
  return first;
}

/** Values that an identity compares as equal are one name; what many persons may share links nobody. */
function link(
  rings: ReturnType<typeof connected>,
  { graph }: Resolving,
  kind: string,
  value: string,
  node: string,
): void {
  rings.add(node);
  for (const identity of graph.identities.values()) {
    if (identity.kind !== kind || isWeak(identity)) continue;
    for (const form of searchForms(identity, value)) rings.join(node, `form ${identity.name} ${form}`);
  }
}

interface Link {
  readonly node: string;
  readonly kind: string;
  readonly value: string;
}

/** Which names the rows that were found have, and those that lead to them. */
async function links(
  db: Queryable,
  { graph }: Resolving,
  roots: readonly RootRow[],
): Promise<readonly Link[]> {
  const found: Link[] = [];
  const persons = new Map([
    // Aliases that belong to nobody are persons themselves.
    ...graph.aliases.map(({ table, spots }) => [table, spots] as const),
    ...graph.roots.map((root) => [root, ownNamesOf(graph.spots, root)] as const),
  ]);
  for (const [root, spots] of persons) {
    const own = roots.filter(({ table }) => table === root.name);
    if (own.length === 0) continue;
    const { values, add } = parameters();
    const from = `${tableName(root.name)} t where ${isOneOf(root, 't', own, { add })}`;
    found.push(
      ...(await readLinks(db, root.name, keySql(root.entry.primary_key, 't'), spots, 't', from, values)),
    );
    for (const alias of graph.aliases.filter((one) => one.root.name === root.name)) {
      const up = parameters();
      const where = isOneOf(root, 't', own, { add: up.add });
      const rows = `${joinedUp(alias)} where ${where}`;
      const key = keySql(root.entry.primary_key, 't');
      found.push(...(await readLinks(db, root.name, key, alias.spots, 'a', rows, up.values)));
    }
  }
  return found;
}

async function readLinks(
  db: Queryable,
  table: string,
  key: string,
  spots: readonly Spot[],
  alias: string,
  from: string,
  values: readonly unknown[],
): Promise<readonly Link[]> {
  const names = spots.map((spot) => valueSql(spot, alias)).join(', ');
  const { rows } = await db.query<{ key: string[]; names: (string | null)[] }>(
    `select ${key} as key, array[${names}]::text[] as names from ${from}`,
    [...values],
  );
  return rows.flatMap(({ key: own, names: found }) =>
    spots.flatMap((spot, index): readonly Link[] => {
      const { identity } = spot;
      const value = valueRead(spot, found[index] ?? '');
      if (isWeak(identity) || !isName(identity, value)) return [];
      return [{ node: rowNode({ table, key: own }), kind: identity.kind, value }];
    }),
  );
}

const keySql = (key: readonly string[] | undefined, alias: string): string =>
  `array[${(key ?? []).map((name) => `${alias}.${quoteIdentifier(name)}::text`).join(', ')}]::text[]`;

/** SQL: an alias `a` joined upwards to the root `t`. */
export function joinedUp({ table, way }: AliasTable): string {
  let from = `${tableName(table.name)} a`;
  let below = 'a';
  for (const [index, reference] of way.entries()) {
    const next = index === way.length - 1 ? 't' : `w${index}`;
    from += ` join ${tableName(reference.toTable)} ${next} on (${referringSql(reference, below)}) = (${referredSql(reference, next)})`;
    below = next;
  }
  return from;
}

/**
 * One table has one row for a name that was given. Two tenants may have one each: which of them is meant has to be told,
 * as nothing that is erased comes back.
 */
function requireOne(
  number: number,
  seed: KnownValues,
  {
    rings,
    roots,
    graph,
  }: {
    readonly rings: ReturnType<typeof connected>;
    readonly roots: readonly RootRow[];
    readonly graph: PersonGraph;
  },
): void {
  for (const name of namesIn(seed)) {
    const ring = rings.of(name);
    const own = roots.filter((root) => rings.of(rowNode(root)) === ring);
    const tables = separatePersons(graph, own).map(({ table }) => table);
    const doubled = new Set(tables.filter((table, index) => tables.indexOf(table) !== index));
    if (doubled.size === 0) continue;
    throw refused(
      `a name of person ${number + 1} leads to several rows that would each be a person (${[...doubled].join(', ')})`,
      {
        code: 'subject-ambiguous',
        hints: [
          '`postern subject find` shows each by its key: name one by --tenant, or mend the alias that two share',
          'where several share a name, as that of an office, say so by --shared NAME; where all of the rows are one person, by --one-person',
        ],
      },
    );
  }
}

/** Sets that grow together (union-find). */
function connected() {
  const parents = new Map<string, string>();
  const of = (node: string): string => {
    let top = node;
    for (let up = parents.get(top); up !== undefined && up !== top; up = parents.get(top)) top = up;
    // Shortens the way for the next one who asks.
    for (let at = node; at !== top; ) {
      const next = parents.get(at) ?? top;
      parents.set(at, top);
      at = next;
    }
    return top;
  };
  const add = (node: string): void => {
    if (!parents.has(node)) parents.set(node, node);
  };
  return {
    of,
    add,
    join: (one: string, other: string): void => {
      add(one);
      add(other);
      parents.set(of(one), of(other));
    },
  };
}
