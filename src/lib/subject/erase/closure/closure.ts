import type { Client } from '../../../base/postgres.ts';
import { type Catalog, readCatalog } from '../../../platform/catalog/index.ts';
import { type DataMap, formatName } from '../../../platform/map/index.ts';
import { normalisesUnicode } from '../../find/index.ts';
import type { SharedTest } from '../../find/shared-names.ts';
import { personGraph } from '../../graph/person-graph.ts';
import type { HoldMatcher } from '../../hold/index.ts';
import type { KnownValues } from '../../identity/spots.ts';
import { type ErasedField, erasedFields } from '../change/fields.ts';
import { changedKeys } from './changed-keys.ts';
import { type FrozenRows, frozenRows } from './counts.ts';
import { type DeleteOrder, deleteOrder } from './delete-order.ts';
import { displayNames } from './display-names.ts';
import { type InboundKey, inboundKeys } from './foreign-keys.ts';
import { type FreezeTask, freezeRows } from './freeze.ts';
import { type HeldRows, markHeld } from './holds.ts';
import { type FrozenObjects, freezeObjects } from './objects.ts';
import { type Person, type Persons, resolvePersons } from './persons.ts';
import { treatmentsOf } from './treatment.ts';
import type { Work } from './work.ts';

/** What an erasure is about: the person's rows, objects and names, written into work tables. */
export interface Closure {
  readonly task: FreezeTask;
  readonly catalog: Catalog;
  readonly persons: readonly Person[];
  /** As `displayNames` says. */
  readonly called: readonly string[];
  readonly fields: ReadonlyMap<string, readonly ErasedField[]>;
  readonly rows: readonly FrozenRows[];
  readonly objects: readonly FrozenObjects[];
  readonly held: readonly HeldRows[];
  readonly keys: readonly InboundKey[];
  readonly order: DeleteOrder;
  /** As `changedKeys` says. */
  readonly changedKeys: readonly string[];
}

export interface ClosureOptions {
  readonly map: DataMap;
  /** Where it was read before; else it is read. */
  readonly catalog?: Catalog;
  /** The names of each person that were given. */
  readonly seeds: readonly KnownValues[];
  readonly tenant: string | undefined;
  /** Rows of one table that names of one person lead to are that person. */
  readonly onePerson?: boolean | undefined;
  /** Names that lead to nobody. */
  readonly isShared?: SharedTest | undefined;
  /** As `Resolving` has it. */
  readonly ids?: KnownValues | undefined;
  /** All rows of that tenant; nobody is given then. */
  readonly wholeTenant?: boolean;
  readonly at: Date;
  readonly work: Work;
  readonly holds: HoldMatcher | undefined;
  readonly signal: AbortSignal;
  readonly onTable?: (table: string) => void;
}

const nobody: Persons = { known: new Map(), roots: [], each: [] };

/**
 * Finds out all that an erasure touches, in one transaction of the caller's.
 * @throws {PosternError} as `resolvePersons`
 */
export async function closureOf(db: Client, options: ClosureOptions): Promise<Closure> {
  const catalog = options.catalog ?? (await readCatalog(db));
  const graph = personGraph(options.map);
  const isUtf8 = await normalisesUnicode(db);
  const { tenant, signal, at, work } = options;
  const wholeTenant = options.wholeTenant ?? false;
  const resolving = { graph, tenant, isShared: options.isShared, ids: options.ids, isUtf8, signal };
  const { known, roots, each } = wholeTenant
    ? nobody
    : await resolvePersons(db, resolving, options.seeds, options.onePerson);
  const relations = new Map(catalog.relations.map((one) => [formatName(one.schema, one.name), one]));
  const treatments = treatmentsOf(graph, relations);
  const task: FreezeTask = {
    graph,
    treatments,
    roots,
    known,
    isUtf8,
    tenant,
    wholeTenant,
    at,
    work,
    signal,
    ...(options.onTable === undefined ? {} : { onTable: options.onTable }),
  };
  await freezeRows(db, task);
  const { holds } = options;
  const held = holds === undefined ? [] : await markHeld(db, task, { catalog, holds, persons: each });
  const keys = await inboundKeys(db, task, catalog);
  const objects = await freezeObjects(db, task);
  const rows = await frozenRows(db, task);
  const fields = new Map(
    [...treatments].map(([name, treatment]) => [name, erasedFields(treatment, graph.identities)] as const),
  );
  const deleted = new Set(rows.flatMap(({ table, action }) => (action === 'delete' ? table : [])));
  return {
    task,
    catalog,
    persons: each,
    called: await displayNames(db, { graph, roots }, catalog),
    fields,
    changedKeys: await changedKeys(db, task, catalog, fields),
    rows,
    objects,
    held,
    keys,
    order: await deleteOrder(db, task, [...deleted], catalog),
  };
}
