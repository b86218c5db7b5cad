import type { Client, Queryable } from '../../../base/postgres.ts';
import { type Catalog, readCatalog } from '../../../platform/catalog/index.ts';
import { type DataMap, formatName } from '../../../platform/map/index.ts';
import { normalisesUnicode } from '../../find/index.ts';
import type { RootRow } from '../../find/known-rows.ts';
import { personGraph } from '../../graph/person-graph.ts';
import type { KnownValues } from '../../identity/spots.ts';
import { nameSet, redactor } from '../../redact/index.ts';
import type { Eraser } from '../change/change-row.ts';
import { type ErasedField, erasedFields } from '../change/fields.ts';
import type { Closure } from '../closure/closure.ts';
import type { FreezeTask } from '../closure/freeze.ts';
import { placeholders } from '../closure/named-inside.ts';
import type { Person } from '../closure/persons.ts';
import { treatmentsOf } from '../closure/treatment.ts';
import { type Work, workTable } from '../closure/work.ts';
import type { Transactions } from './batches.ts';

/** An erasure whose rows are frozen, on the way. */
export interface ErasureRun {
  readonly transactions: Transactions;
  readonly task: FreezeTask;
  readonly catalog: Catalog;
  readonly fields: ReadonlyMap<string, readonly ErasedField[]>;
  readonly eraser: Eraser;
  readonly persons: readonly Person[];
  /** Marks the rows that holds keep, also those that came since; undefined where no hold is asked for. */
  readonly keepHeld?: () => Promise<void>;
}

export function eraserOf(
  task: Pick<FreezeTask, 'known' | 'graph' | 'wholeTenant'>,
  pseudonym: Eraser['pseudonym'],
): Eraser {
  const names = nameSet(task.known, task.graph.identities);
  const ofEverybody = task.wholeTenant ?? false;
  return { names, ofEverybody, redactor: redactor(names, placeholders), pseudonym };
}

/** Keeps who is erased beside the frozen rows: the last that tells, once their rows are gone. */
export async function keepPersons(
  db: Client,
  { task, persons, called }: Pick<Closure, 'task' | 'persons' | 'called'>,
): Promise<void> {
  const names = persons.flatMap(({ number, known }) =>
    [...known].flatMap(([kind, values]) => [...values].map((value) => ({ person: number, kind, value }))),
  );
  const roots = persons.flatMap(({ number, roots: own }) =>
    own.map(({ table, key, tenant }) => ({ person: number, tbl: table, key, tenant })),
  );
  await db.query(
    `create table ${workTable(task.work, 'called')} as select name from pg_catalog.unnest($1::text[]) as called(name)`,
    [called],
  );
  const [nameTable, rootTable] = [workTable(task.work, 'names'), workTable(task.work, 'roots')];
  await db.query(`create table ${nameTable} (person int not null, kind text not null, value text not null)`);
  await db.query(
    `insert into ${nameTable} select * from pg_catalog.json_to_recordset($1) as n(person int, kind text, value text)`,
    [JSON.stringify(names)],
  );
  await db.query(
    `create table ${rootTable} (person int not null, tbl text not null, key text[] not null, tenant text)`,
  );
  await db.query(
    `insert into ${rootTable} select r.person, r.tbl, array(select pg_catalog.json_array_elements_text(r.key)), r.tenant
     from pg_catalog.json_to_recordset($1) as r(person int, tbl text, key json, tenant text)`,
    [JSON.stringify(roots)],
  );
}

/** The display names of those who are erased. */
export async function readCalled(db: Queryable, work: Work): Promise<readonly string[]> {
  const { rows } = await db.query<{ name: string }>(
    `select name from ${workTable(work, 'called')} order by name`,
  );
  return rows.map(({ name }) => name);
}

export interface OpenRunOptions {
  readonly map: DataMap;
  readonly work: Work;
  readonly tenant: string | undefined;
  readonly wholeTenant?: boolean;
  readonly at: Date;
  readonly pseudonym: Eraser['pseudonym'];
}

/** What stays the same from step to step. */
export type ReadRun = Omit<ErasureRun, 'transactions' | 'keepHeld'>;

/** Takes up an erasure whose rows are frozen, in this process or another one. */
export async function readRun({ db, signal }: Transactions, options: OpenRunOptions): Promise<ReadRun> {
  const { map, work, tenant, wholeTenant = false, at, pseudonym } = options;
  const catalog = await readCatalog(db);
  const graph = personGraph(map);
  const relations = new Map(catalog.relations.map((one) => [formatName(one.schema, one.name), one]));
  const treatments = treatmentsOf(graph, relations);
  const persons = await readPersons(db, work);
  const roots = persons.flatMap((person) => person.roots);
  const isUtf8 = await normalisesUnicode(db);
  const known = knownOf(persons);
  const task: FreezeTask = { graph, treatments, roots, known, isUtf8, tenant, wholeTenant, at, work, signal };
  return {
    task,
    catalog,
    fields: new Map(
      [...treatments].map(([name, treatment]) => [name, erasedFields(treatment, graph.identities)]),
    ),
    eraser: eraserOf(task, pseudonym),
    persons,
  };
}

interface Kept {
  readonly number: number;
  readonly known: Map<string, Set<string>>;
  readonly roots: RootRow[];
}

async function readPersons(db: Client, work: Work): Promise<readonly Person[]> {
  const persons = new Map<number, Kept>();
  const of = (number: number): Kept => {
    const person = persons.get(number) ?? { number, known: new Map<string, Set<string>>(), roots: [] };
    persons.set(number, person);
    return person;
  };
  const { rows: names } = await db.query<{ person: number; kind: string; value: string }>(
    `select person, kind, value from ${workTable(work, 'names')} order by person, kind, value`,
  );
  for (const { person, kind, value } of names) {
    const { known } = of(person);
    known.set(kind, (known.get(kind) ?? new Set()).add(value));
  }
  const { rows: roots } = await db.query<RootRow & { person: number }>(
    `select person, tbl as "table", key, tenant from ${workTable(work, 'roots')} order by person, tbl, key`,
  );
  for (const { person, table, key, tenant } of roots) of(person).roots.push({ table, key, tenant });
  return [...persons.values()];
}

function knownOf(persons: readonly Person[]): KnownValues {
  const all = new Map<string, Set<string>>();
  for (const { known } of persons) {
    for (const [kind, values] of known) all.set(kind, new Set([...(all.get(kind) ?? []), ...values]));
  }
  return all;
}
