import { refused } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import { type ModelTable, tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { referredSql, referringSql } from '../graph/join-sql.ts';
import { type AliasTable, exclusiveOwners, ownNamesOf, type PersonGraph } from '../graph/person-graph.ts';
import { isName, isWeak } from '../identity/identities.ts';
import {
  type KnownValues,
  matchSql,
  type Parameters,
  parameters,
  type Spot,
  valueRead,
  valueSql,
} from '../identity/spots.ts';
import type { RootRow } from './known-rows.ts';
import { ownedSql } from './owned-sql.ts';
import type { SharedTest } from './shared-names.ts';

export interface Resolving {
  readonly graph: PersonGraph;
  /** Only rows of this tenant are the person; undefined for all. */
  readonly tenant: string | undefined;
  /** Whether the server can normalise Unicode: UTF8, PostgreSQL 13. */
  readonly isUtf8: boolean;
  /** Names that lead to nobody, because they lead to several. */
  readonly isShared?: SharedTest | undefined;
  /** By kind of identity: a row that is a person has one of these where it has such a name at all, as an id never changes. */
  readonly ids?: KnownValues | undefined;
  /** How many persons the names are of; one unless told. */
  readonly persons?: number;
  readonly signal: AbortSignal;
}

/** Who a person is, as far as the platform knows. */
export interface Resolved {
  /** By kind of identity. */
  readonly known: KnownValues;
  readonly roots: readonly RootRow[];
}

/** One person has a handful of rows that are the person; more means that the map calls something a name that is none. */
const mostRoots = 1000;

/**
 * Finds every name of a person, from one or more: rows by their names, further names in those rows, and so on until
 * nothing new is found.
 * @throws {PosternError} exit 6, `subject-too-broad`
 */
export async function resolvePerson(
  db: Queryable,
  resolving: Resolving,
  seeds: KnownValues,
): Promise<Resolved> {
  const known = new Map([...seeds].map(([kind, values]) => [kind, new Set(values)]));
  const roots = new Map<string, RootRow>();
  for (let size = -1; size < sizeOf(known, roots); ) {
    resolving.signal.throwIfAborted();
    size = sizeOf(known, roots);
    for (const root of resolving.graph.roots) await addRoots(db, resolving, root, { known, roots });
    for (const alias of resolving.graph.aliases) await addByAlias(db, resolving, alias, { known, roots });
    if (roots.size > mostRoots * (resolving.persons ?? 1)) {
      throw refused(`the names lead to more than ${mostRoots} rows that would be one person`, {
        code: 'subject-too-broad',
        hints: ['the map calls a column an identity that many share: give such a one no identity'],
      });
    }
  }
  return { known, roots: [...roots.values()] };
}

interface Found {
  readonly known: Map<string, Set<string>>;
  readonly roots: Map<string, RootRow>;
}

const sizeOf = (known: Found['known'], roots: Found['roots']): number =>
  roots.size + [...known.values()].reduce((sum, { size }) => sum + size, 0);

/** Rows that are the person, by a name of theirs; each brings its other names. */
async function addRoots(db: Queryable, resolving: Resolving, root: ModelTable, found: Found): Promise<void> {
  const spots = ownNamesOf(resolving.graph.spots, root);
  const { values, add } = parameters();
  const matched = anyOf(spots.filter(strong), 't', found.known, { ...resolving, add });
  if (matched === undefined) return;
  await readRoots(db, resolving, root, matched, { values, add }, found, spots);
}

/** Rows that an alias belongs to, itself where it belongs to none; and the aliases of rows that are known. */
async function addByAlias(
  db: Queryable,
  resolving: Resolving,
  { table, root, way, spots }: AliasTable,
  found: Found,
): Promise<void> {
  const up = parameters();
  const matched = anyOf(spots.filter(strong), 'a', found.known, { ...resolving, add: up.add });
  if (matched !== undefined) {
    const where = isReferredBy(way, table, matched);
    await readRoots(db, resolving, root, where, up, found, ownNamesOf(resolving.graph.spots, root));
    await addOwnerless(db, resolving, { table, spots }, found);
  }
  const down = parameters();
  const owned = ownedSql(
    { graph: resolving.graph, roots: [...found.roots.values()], add: down.add },
    table,
    't',
  );
  if (owned === undefined) return;
  const { rows } = await db.query<Record<string, string | null>>(
    `select distinct ${namesSql(spots)} from ${tableName(table.name)} t where ${owned}`,
    down.values,
  );
  for (const row of rows) learn(resolving, spots, row, found.known);
}

/** Rows of aliases that belong to nobody, as addresses that are subscribed without an account, are persons themselves. */
async function addOwnerless(
  db: Queryable,
  resolving: Resolving,
  { table, spots }: Pick<AliasTable, 'table' | 'spots'>,
  found: Found,
): Promise<void> {
  const { values, add } = parameters();
  const matched = anyOf(spots.filter(strong), 't', found.known, { ...resolving, add });
  if (matched === undefined) return;
  const ownerless = exclusiveOwners(resolving.graph.model, table).map(
    (reference) => `pg_catalog.num_nonnulls(${referringSql(reference, 't')}) < ${reference.columns.length}`,
  );
  await readRoots(db, resolving, table, [matched, ...ownerless].join(' and '), { values, add }, found, spots);
}

const strong = ({ identity }: Spot): boolean => !isWeak(identity);

function anyOf(
  spots: readonly Spot[],
  alias: string,
  known: KnownValues,
  options: { readonly add: Parameters['add']; readonly isUtf8: boolean },
): string | undefined {
  const parts = spots.flatMap((spot) => matchSql(spot, alias, known, options) ?? []);
  return parts.length === 0 ? undefined : `(${parts.join(' or ')})`;
}

/** SQL over the root `t`: whether an alias `a` that `matched` tells leads to it. */
function isReferredBy(way: AliasTable['way'], table: ModelTable, matched: string): string {
  // From the alias upwards: the columns that each row refers to, as a list of what the next is to be among.
  let from = `${tableName(table.name)} a where ${matched}`;
  let alias = 'a';
  for (const [index, reference] of way.entries()) {
    const list = `select ${referringSql(reference, alias)} from ${from}`;
    const next = index === way.length - 1 ? 't' : `w${index}`;
    const own = referredSql(reference, next);
    if (index === way.length - 1) return `(${own}) in (${list})`;
    from = `${tableName(reference.toTable)} ${next} where (${own}) in (${list})`;
    alias = next;
  }
  return 'false';
}

async function readRoots(
  db: Queryable,
  resolving: Resolving,
  { name, entry }: ModelTable,
  where: string,
  { values, add }: Parameters,
  { known, roots }: Found,
  spots: readonly Spot[],
): Promise<void> {
  const { tenant, persons = 1 } = resolving;
  const key = (entry.primary_key ?? []).map((column) => `t.${quoteIdentifier(column)}::text`);
  const own = entry.tenant === undefined ? 'null' : `t.${quoteIdentifier(entry.tenant)}::text`;
  const ofTenant = tenant === undefined || entry.tenant === undefined ? '' : ` and ${own} = ${add(tenant)}`;
  const { rows } = await db.query<Record<string, string | null> & { postern_key: string[] }>(
    `select array[${key.join(', ')}]::text[] as postern_key, ${own}::text as postern_tenant, ${namesSql(spots)}
     from ${tableName(name)} t where ${where}${ofTenant} limit ${mostRoots * persons + 1}`,
    values,
  );
  for (const row of rows) {
    if (!isMeant(resolving, spots, row)) continue;
    const found: RootRow = { table: name, key: row.postern_key, tenant: row['postern_tenant'] ?? null };
    roots.set(JSON.stringify([name, ...found.key]), found);
    learn(resolving, spots, row, known);
  }
}

const isMeant = (
  { ids }: Resolving,
  spots: readonly Spot[],
  row: Readonly<Record<string, unknown>>,
): boolean =>
  spots.every((spot, index) => {
    const wanted = ids?.get(spot.identity.kind);
    const text = row[`name${index}`];
    return wanted === undefined || typeof text !== 'string' || wanted.has(valueRead(spot, text));
  });

const namesSql = (spots: readonly Spot[]): string =>
  spots.map((spot, index) => `${valueSql(spot, 't')} as name${index}`).join(', ');

function learn(
  { isShared }: Resolving,
  spots: readonly Spot[],
  row: Readonly<Record<string, unknown>>,
  known: Found['known'],
): void {
  for (const [index, spot] of spots.entries()) {
    const { identity } = spot;
    const text = row[`name${index}`];
    const value = typeof text === 'string' ? valueRead(spot, text) : undefined;
    if (value === undefined || !isName(identity, value) || isShared?.(identity, value) === true) continue;
    const values = known.get(identity.kind) ?? new Set();
    known.set(identity.kind, values.add(value));
  }
}
