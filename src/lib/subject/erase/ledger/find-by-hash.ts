import type { Client } from '../../../base/postgres.ts';
import { type ModelTable, tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../../platform/quote.ts';
import { namesOf, type PersonGraph } from '../../graph/person-graph.ts';
import { isWeak } from '../../identity/identities.ts';
import type { KnownValues, Spot } from '../../identity/spots.ts';
import { hashesToFind, type NameHasher } from '../../name-hash/index.ts';

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
  const look = async (table: ModelTable, spot: Spot): Promise<void> => {
    const { kind } = spot.identity;
    for await (const value of valuesIn(db, table, spot)) {
      signal.throwIfAborted();
      for (const hash of hashesToFind(
        hasher,
        'ledger',
        graph.identities,
        new Map([[kind, new Set([value])]]),
      )) {
        const names = found[numbers.get(hash) ?? -1];
        missing.delete(hash);
        names?.set(kind, (names.get(kind) ?? new Set()).add(value));
      }
    }
  };
  const roots = [...graph.roots, ...graph.aliases.map(({ table }) => table)];
  for (const table of new Set(roots)) {
    if (!tables.has(table.name)) continue;
    for (const spot of namesOf(graph.spots, table)) if (!isWeak(spot.identity)) await look(table, spot);
  }
  if (missing.size === 0) return found;
  for (const [name, spots] of graph.spots) {
    const table = graph.model.tables.get(name);
    if (table === undefined || !tables.has(name)) continue;
    for (const spot of spots) if (!isWeak(spot.identity)) await look(table, spot);
  }
  return found;
}

/** Every different value that stands in a place: of a text, every address. */
async function* valuesIn(db: Client, { name }: ModelTable, spot: Spot): AsyncIterable<string> {
  const column = `t.${quoteIdentifier(spot.column)}`;
  const text = spot.isBytes ? `pg_catalog.encode(${column}, 'escape')` : `${column}::text`;
  const from = `${tableName(name)} t`;
  const select = {
    scalar: `select distinct ${column}::text as value from ${from}`,
    array: `select distinct e::text as value from ${from}, pg_catalog.unnest(${column}) e`,
    path: `select distinct e #>> '{}' as value from ${from}, pg_catalog.jsonb_path_query(${column}::jsonb, ${quoteLiteral(spot.path ?? '$')}) e`,
    inside: `select distinct m[1] as value from ${from}, pg_catalog.regexp_matches(${text}, ${quoteLiteral(addressToken)}, 'g') m`,
  }[spot.form];
  await db.query(`declare postern_values no scroll cursor for ${select}`);
  try {
    for (;;) {
      const { rows } = await db.query<{ value: string | null }>(`fetch ${page} from postern_values`);
      for (const { value } of rows) if (value !== null && value.trim() !== '') yield value;
      if (rows.length < page) return;
    }
  } finally {
    await db.query('close postern_values').catch(() => {});
  }
}

/** What may be an address inside of a text; who is meant is told by its hash. */
const addressToken = String.raw`([^[:space:]<>()\[\],;:"'=@]+@[^[:space:]<>()\[\],;:"'=@]*[[:alnum:]])`;
