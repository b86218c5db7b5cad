import type { Client } from '../../../base/postgres.ts';
import { tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import { aboutByParts } from '../../find/about-sql.ts';
import { isOneOf, type RootRow } from '../../find/known-rows.ts';
import { referredSql, referringSql } from '../../graph/join-sql.ts';
import type { PersonGraph } from '../../graph/person-graph.ts';
import { isWeak } from '../../identity/identities.ts';
import { type KnownValues, matchSql, type Parameters, parameters, type Spot } from '../../identity/spots.ts';
import { erasedFields } from '../change/fields.ts';
import { isAboutUnlessTold } from './about.ts';
import { keyEquals } from './key-equals.ts';
import { type InsideFinder, insideFinder, namedInside, textsOf } from './named-inside.ts';
import { ofTenant } from './of-tenant.ts';
import { rowsOfTenant } from './tenant-rows.ts';
import { keptByLaw, type RowAction, type RowScope, type Treatment } from './treatment.ts';
import { ownersOf, waysToOwner } from './ways.ts';
import { type Work, workTable } from './work.ts';

export interface FreezeTask {
  readonly graph: PersonGraph;
  /** By table; what the database does not have is not among them. */
  readonly treatments: ReadonlyMap<string, Treatment>;
  readonly roots: readonly RootRow[];
  readonly known: KnownValues;
  readonly isUtf8: boolean;
  readonly tenant: string | undefined;
  /** Every row of that tenant, whoever's it is, instead of those of persons. */
  readonly wholeTenant?: boolean;
  /** By which the periods of the law are judged. */
  readonly at: Date;
  readonly work: Work;
  readonly signal: AbortSignal;
  /** The tables in which rows of others that name the person are looked for; all of them unless told. */
  readonly mentionsIn?: ReadonlySet<string>;
  /** Told before each table. */
  readonly onTable?: (table: string) => void;
}

/**
 * Writes down which rows an erasure treats, and how: one work table for each table of the map, owners before what they
 * own, so that each is told by the rows of those before it. Run again, it adds what came meanwhile.
 * @returns the names of the tables in that order
 */
export async function freezeRows(db: Client, task: FreezeTask): Promise<readonly string[]> {
  // Whether a row is among others is asked of a hash table; one that does not fit is asked for row by row, for ever.
  await db.query(`select pg_catalog.set_config('work_mem', '256MB', true)`);
  const order = ownersFirst(task);
  const finder = insideFinder(task);
  const frozen = new Set<string>();
  for (const name of order) {
    const treatment = task.treatments.get(name);
    if (treatment === undefined || !isWritable(treatment)) continue;
    task.signal.throwIfAborted();
    task.onTable?.(name);
    const work = workTable(task.work, treatment.number);
    await db.query(
      `create table if not exists ${work} as select 0::bigint as postern_seq, ${listed(treatment.columns, 't')},
         ''::text as postern_action, false as postern_owned, ''::text as postern_scope from ${tableName(name)} t limit 0`,
    );
    await addOwned(db, task, treatment, { work, frozen });
    frozen.add(name);
    if (task.wholeTenant !== true && (task.mentionsIn?.has(name) ?? true))
      await addMentions(db, task, treatment, work, finder);
    await db.query(`analyze ${work}`);
  }
  return order;
}

/** A view or a materialised view holds no rows of its own. */
export const isWritable = ({ relation }: Treatment): boolean =>
  relation.kind === 'table' || relation.kind === 'partitioned-table' || relation.kind === 'foreign-table';

/** Owners and holders before what is theirs. */
function ownersFirst(task: FreezeTask): readonly string[] {
  const { graph, treatments } = task;
  const order: string[] = [];
  const seen = new Set<string>();
  const visit = (name: string): void => {
    const table = graph.model.tables.get(name);
    if (table === undefined || seen.has(name)) return;
    seen.add(name);
    for (const { toTable } of ownersOf(task, table)) visit(toTable);
    for (const holder of graph.holders.get(name) ?? []) visit(holder.table.name);
    // What third-party rows refer to decides about them.
    if (table.entry.ownership === 'third-party') for (const { toTable } of table.references) visit(toTable);
    order.push(name);
  };
  for (const name of treatments.keys()) visit(name);
  return order.filter((name) => treatments.has(name));
}

interface Place {
  /** The work table. */
  readonly work: string;
  /** Tables whose rows are told already. */
  readonly frozen: ReadonlySet<string>;
}

async function addOwned(
  db: Client,
  task: FreezeTask,
  treatment: Treatment,
  { work, frozen }: Place,
): Promise<void> {
  const ways = waysToOwner(task, treatment, frozen);
  if (task.wholeTenant === true) {
    const found = rowsOfTenant(treatment, task, ways);
    if (found === undefined) return;
    const row = { action: found.action, owned: 'true', scope: scope('about') };
    return insertRows(db, treatment, work, row, found.where, []);
  }
  const { values, add } = parameters();
  const { table } = treatment;
  const own = task.roots.filter((row) => row.table === table.name);
  const parts = [
    ...(own.length === 0 ? [] : [isOneOf(table, 't', own, { add })]),
    ...ways.map(({ isTheirs }) => isTheirs),
  ];
  if (parts.length === 0 || table.entry.ownership === 'third-party') return;
  const law = keptByLaw(treatment, task.at);
  const others = ways.map(({ isOthers }) => isOthers);
  if (table.entry.ownership === 'shared' && others.length > 0) {
    // Whoever shared it has gone meanwhile, by an erasure beside this one: it is put in again, as nobody else's.
    await db.query(
      `delete from ${work} w using ${tableName(table.name)} t where ${sameKey(treatment)} and w.postern_owned
         and w.postern_action = ${literal(treatment.partly)} and w.postern_scope = 'named' and not (${others.join(' or ')})`,
    );
  }
  const either = (partly: string, wholly: string): string =>
    table.entry.ownership === 'shared' && others.length > 0
      ? `case when ${others.join(' or ')} then ${partly} else ${wholly} end`
      : wholly;
  const shared = either(literal(treatment.partly), literal(treatment.wholly));
  const action = law === undefined ? shared : `case when ${law} then 'law' else ${shared} end`;
  await insertRows(
    db,
    treatment,
    work,
    // Of what others own too, only what names the person is the person's.
    { action, owned: 'true', scope: either(scope('named'), scope('about')) },
    `(${parts.join(' or ')})`,
    values,
  );
}

async function addMentions(
  db: Client,
  task: FreezeTask,
  treatment: Treatment,
  work: string,
  finder: InsideFinder | undefined,
): Promise<void> {
  const { graph, known, isUtf8 } = task;
  const { table } = treatment;
  const { values, add } = parameters();
  const spots = (graph.spots.get(table.name) ?? []).filter(({ identity }) => !isWeak(identity));
  const match = (some: readonly Spot[]) =>
    some.flatMap((spot) => matchSql(spot, 't', known, { add, isUtf8 }) ?? []);
  const outside = spots.filter(({ form }) => form !== 'inside');
  const texts = textsOf(erasedFields(treatment, graph.identities));
  // The row speaks of the person: an entry of somebody's address book.
  const isAbout = table.entry.ownership === 'exclusive' && !graph.roots.includes(table);
  const isThird = table.entry.ownership === 'third-party';
  const speaksOf = (spot: Spot): boolean => isAbout && (spot.about ?? isAboutUnlessTold(graph, table, spot));
  const about = [
    ...match(outside.filter(speaksOf)),
    ...(isAbout ? aboutByParts(graph, table, 't', known, { add, isUtf8 }) : []),
  ];
  const named = match(outside.filter((spot) => !speaksOf(spot)));
  const links = linksToTheirs(task, treatment, add);
  const tenant = ofTenant(task, table);
  const anyOf = (parts: readonly string[]) =>
    parts.length === 0 ? 'false' : `coalesce(${parts.join(' or ')}, false)`;
  const isNamed = anyOf([...about, ...named]);
  if (about.length + named.length + links.length > 0) {
    const speaks = anyOf([...match(isThird ? outside.filter(isOneValue) : []), ...links]);
    const row = {
      action: mentionAction(task, treatment, isNamed),
      owned: 'false',
      scope: `case when ${anyOf(about)} then ${scope('about')} when ${speaks} then ${scope('linked')} else ${scope('named')} end`,
    };
    await insertRows(db, treatment, work, row, `(${[isNamed, ...links].join(' or ')}) and ${tenant}`, values);
  }
  if (finder === undefined || texts.length === 0) return;
  // Rows that only refer to a person by a key may name them as well.
  const treated = `exists (select from ${work} w where w.postern_action <> 'link' and ${sameKey(treatment)})`;
  const found = await namedInside(db, finder, treatment, texts, `${tenant} and not ${treated}`);
  for (const [of, keys] of [
    ['about', isAbout ? found.about : []],
    ['named', isAbout ? found.named : [...found.about, ...found.named]],
  ] as const) {
    for (let at = 0; at < keys.length; at += keysAtOnce)
      await addByKey(db, task, treatment, { work, of, keys: keys.slice(at, at + keysAtOnce) });
  }
}

const isOneValue = ({ form }: Spot): boolean => form === 'scalar' || form === 'path';
const keysAtOnce = 10_000;

/** SQL: what becomes of a row of others. What the law keeps is not deleted; a field with a rule of its own is treated. */
function mentionAction(task: FreezeTask, treatment: Treatment, isNamed: string): string {
  const law = keptByLaw(treatment, task.at);
  const rule = `case when ${isNamed} then ${literal(treatment.mentioned)} else ${literal(treatment.linked)} end`;
  if (law === undefined) return rule;
  // A row that refers to the person and does not name them is no less kept.
  const due = treatment.linked === 'link' ? `${law} and ${isNamed}` : law;
  return `case when ${due} then 'restrict' else ${rule} end`;
}

async function addByKey(
  db: Client,
  task: FreezeTask,
  treatment: Treatment,
  { work, of, keys }: { work: string; of: RowScope; keys: readonly (readonly string[])[] },
): Promise<void> {
  const { values, add } = parameters();
  const types = new Map(treatment.relation.columns.map(({ name, type }) => [name, type]));
  const arrays = treatment.key.map(
    (_, index) => `pg_catalog.unnest(${add(keys.map((key) => key[index]))}::text[])`,
  );
  const names = treatment.key.map((_, index) => `k${index}`).join(', ');
  const cast = treatment.key.map((name, index) => `n.k${index}::${types.get(name) ?? 'text'}`).join(', ');
  const own = treatment.key.map((name) => `t.${quoteIdentifier(name)}`).join(', ');
  const where = `(${own}) in (select ${cast} from rows from (${arrays.join(', ')}) as n(${names}))`;
  await db.query(
    `delete from ${work} w using ${tableName(treatment.table.name)} t where ${sameKey(treatment)} and ${where}`,
    [...values],
  );
  const row = { action: mentionAction(task, treatment, 'true'), owned: 'false', scope: scope(of) };
  await insertRows(db, treatment, work, row, where, values);
}

const sameKey = ({ key }: Treatment): string => keyEquals(key, 'w', 't');

/**
 * SQL over `t`: whether it refers to a row that is a person; where that decides what becomes of it, also to one that is
 * theirs. What such a row owns is not meant.
 */
function linksToTheirs(
  { roots, treatments, work }: FreezeTask,
  { table, linked }: Treatment,
  add: Parameters['add'],
): readonly string[] {
  return table.references.flatMap((reference) => {
    const referred = treatments.get(reference.toTable);
    if (referred === undefined || referred.table.name === table.name || !isWritable(referred)) return [];
    const from = referringSql(reference, 't');
    if (linked !== 'link') {
      const frozen = workTable(work, referred.number);
      return [`(${from}) in (select ${referredSql(reference, 'w')} from ${frozen} w where w.postern_owned)`];
    }
    const own = roots.filter((row) => row.table === reference.toTable);
    if (own.length === 0) return [];
    const isRoot = isOneOf(referred.table, 'p', own, { add });
    return [
      `(${from}) in (select ${referredSql(reference, 'p')} from ${tableName(reference.toTable)} p where ${isRoot})`,
    ];
  });
}

async function insertRows(
  db: Client,
  treatment: Treatment,
  work: string,
  row: { readonly action: string; readonly owned: string; readonly scope: string },
  where: string,
  values: readonly unknown[],
): Promise<void> {
  const { table, columns } = treatment;
  await db.query(
    `insert into ${work} select (select coalesce(max(postern_seq), 0) from ${work}) + row_number() over (), ${listed(columns, 't')},
       ${row.action}, ${row.owned}, ${row.scope}
     from ${tableName(table.name)} t where ${where} and not exists (select from ${work} w where ${sameKey(treatment)})`,
    [...values],
  );
}

const listed = (columns: readonly string[], alias: string): string =>
  columns.map((name) => `${alias}.${quoteIdentifier(name)}`).join(', ');

const literal = (action: RowAction): string => `'${action}'`;
const scope = (of: RowScope): string => `'${of}'`;
