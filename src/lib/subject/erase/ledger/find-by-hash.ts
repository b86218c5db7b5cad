import type { Client } from '../../../base/postgres.ts';
import { type ModelTable, tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../../platform/quote.ts';
import { type AliasTable, namesOf, ownNamesOf, type PersonGraph } from '../../graph/person-graph.ts';
import { isWeak } from '../../identity/identities.ts';
import { jsonbSql } from '../../identity/json-sql.ts';
import { type KnownValues, type Spot, valueRead, valueSql } from '../../identity/spots.ts';
import { hashesToFind, type NameHasher } from '../../name-hash/index.ts';
import { joinedUp } from '../closure/persons.ts';

export interface HashedPersons {
  readonly graph: PersonGraph;
  readonly hasher: NameHasher;
  /** Tables that the database has. */
  readonly tables: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/** Values that are read at once. */
const page = 10_000;

/**
 * Finds out who is meant by hashes of names, from the values that the database itself holds: first where persons are
 * kept, then, for names that are not there, wherever one may stand. Within a transaction.
 * @param persons the hashes of each
 * @returns the names of each that are there, by position; none for a person of whom nothing is left
 */
export async function findByHash(
  db: Client,
  { graph, hasher, tables, signal }: HashedPersons,
  persons: readonly (readonly string[])[],
): Promise<readonly KnownValues[]> {
  const found = persons.map(() => new Map<string, Set<string>>());
  // An older backup may lack a name, and a name that was given may stand in no row of a person.
  const missing = new Set(persons.flat());
  const numbers = new Map(persons.flatMap((hashes, number) => hashes.map((hash) => [hash, number] as const)));
  const hashesOf = (kind: string, value: string) =>
    hashesToFind(hasher, 'ledger', graph.identities, new Map([[kind, new Set([value])]]));
  const look = async (table: ModelTable, spot: Spot): Promise<void> => {
    const { kind } = spot.identity;
    for await (const value of valuesIn(db, table, spot)) {
      signal.throwIfAborted();
      for (const hash of hashesOf(kind, value)) {
        const names = found[numbers.get(hash) ?? -1];
        missing.delete(hash);
        names?.set(kind, (names.get(kind) ?? new Set()).add(value));
      }
    }
  };
  const lookIn = async (some: readonly ModelTable[]): Promise<void> => {
    for (const table of new Set(some)) {
      if (!tables.has(table.name)) continue;
      for (const spot of namesOf(graph.spots, table)) if (!isWeak(spot.identity)) await look(table, spot);
    }
  };
  await lookIn(graph.roots);
  const isThere = new Set(found.flatMap(({ size }, number) => (size > 0 ? number : [])));
  await lookIn(graph.aliases.map(({ table }) => table));
  const whose = ownersOfNames(found);
  const [theirs, others] = [new Set<string>(), new Map<string, AliasOwner>()];
  for (const alias of graph.aliases) {
    const way = [alias.table.name, ...alias.way.map(({ toTable }) => toTable)];
    if (!way.every((name) => tables.has(name))) continue;
    await addAliases(db, graph, alias, { whose, isThere, theirs, others });
  }
  for (const [id, { number, kind, value }] of others) {
    if (theirs.has(id)) continue;
    found[number]?.get(kind)?.delete(value);
    // However it is written elsewhere, it means somebody else there too.
    for (const hash of hashesOf(kind, value)) numbers.delete(hash);
  }
  if (missing.size === 0) return found.map(withNames);
  for (const [name, spots] of graph.spots) {
    const table = graph.model.tables.get(name);
    if (table === undefined || !tables.has(name)) continue;
    for (const spot of spots) if (!isWeak(spot.identity)) await look(table, spot);
  }
  return found.map(withNames);
}

/** By position: whose a name is of those that were found, without hashing it once more. */
function ownersOfNames(found: readonly KnownValues[]): (kind: string, value: string) => ReadonlySet<number> {
  const owners = new Map<string, Set<number>>();
  for (const [number, names] of found.entries()) {
    for (const [kind, values] of names) {
      for (const value of values) {
        const id = JSON.stringify([kind, value]);
        owners.set(id, (owners.get(id) ?? new Set()).add(number));
      }
    }
  }
  const nobody: ReadonlySet<number> = new Set();
  return (kind, value) => owners.get(JSON.stringify([kind, value])) ?? nobody;
}

const withNames = (names: KnownValues): KnownValues => new Map([...names].filter(([, { size }]) => size > 0));

interface AliasOwner {
  readonly number: number;
  readonly kind: string;
  readonly value: string;
}

/**
 * Names that are an alias of somebody else here, who must not be taken for the person: an address for a role may have gone
 * from one to the other. That is told by the row which the alias belongs to: none of its own names is theirs, while a row
 * of theirs is there besides, or while it has an id, which never changes.
 */
async function addAliases(
  db: Client,
  graph: PersonGraph,
  alias: AliasTable,
  {
    whose,
    isThere,
    theirs,
    others,
  }: {
    readonly whose: (kind: string, value: string) => ReadonlySet<number>;
    readonly isThere: ReadonlySet<number>;
    readonly theirs: Set<string>;
    readonly others: Map<string, AliasOwner>;
  },
): Promise<void> {
  const own = ownNamesOf(graph.spots, alias.root).filter(({ identity }) => !isWeak(identity));
  const spots = alias.spots.filter(({ identity }) => !isWeak(identity));
  const hasId = own.some(({ identity }) => identity.kind !== 'email');
  const listed = (some: readonly Spot[], row: string) =>
    `array[${some.map((spot) => valueSql(spot, row)).join(', ')}]::text[]`;
  await db.query(
    `declare postern_aliases no scroll cursor for select ${listed(spots, 'a')} as names, ${listed(own, 't')} as own from ${joinedUp(alias)}`,
  );
  for (let read = page; read === page; ) {
    const { rows } = await db.query<{ names: (string | null)[]; own: (string | null)[] }>(
      `fetch ${page} from postern_aliases`,
    );
    read = rows.length;
    for (const row of rows) {
      for (const [index, spot] of spots.entries()) {
        const { kind } = spot.identity;
        const value = valueRead(spot, row.names[index] ?? '');
        for (const number of value === '' ? [] : whose(kind, value)) {
          const id = JSON.stringify([number, kind, value]);
          const isTheirs = own.some((name, at) =>
            whose(name.identity.kind, valueRead(name, row.own[at] ?? '')).has(number),
          );
          if (isTheirs) theirs.add(id);
          else if (hasId || isThere.has(number)) others.set(id, { number, kind, value });
        }
      }
    }
  }
  await db.query('close postern_aliases');
}

/** Every different value that stands in a place: of a text, every address. */
async function* valuesIn(db: Client, { name }: ModelTable, spot: Spot): AsyncIterable<string> {
  const column = `t.${quoteIdentifier(spot.column)}`;
  const text = spot.isBytes ? `pg_catalog.encode(${column}, 'escape')` : `${column}::text`;
  const from = `${tableName(name)} t`;
  const select = {
    scalar: `select distinct ${valueSql(spot, 't')} as value from ${from}`,
    array: `select distinct e::text as value from ${from}, pg_catalog.unnest(${column}) e`,
    path: `select distinct e #>> '{}' as value from ${from}, pg_catalog.jsonb_path_query(${jsonbSql(column)}, ${quoteLiteral(spot.path ?? '$')}) e`,
    inside: `select distinct m[1] as value from ${from}, pg_catalog.regexp_matches(${text}, ${quoteLiteral(addressToken)}, 'g') m`,
  }[spot.form];
  await db.query(`declare postern_values no scroll cursor for ${select}`);
  try {
    for (;;) {
      const { rows } = await db.query<{ value: string | null }>(`fetch ${page} from postern_values`);
      for (const { value } of rows) if (value !== null && value.trim() !== '') yield valueRead(spot, value);
      if (rows.length < page) return;
    }
  } finally {
    await db.query('close postern_values').catch(() => {});
  }
}

/** What may be an address inside of a text; who is meant is told by its hash. */
const addressToken = String.raw`(?:[^[:space:]<>()\[\],;:"'=@]*[/&#|])?[+-]*([^[:space:]<>()\[\],;:"'=@]+@[^[:space:]<>()\[\],;:"'=@]*[[:alnum:]])`;
