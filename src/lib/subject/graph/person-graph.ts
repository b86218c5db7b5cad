import {
  canonicalName,
  type DataMap,
  formatName,
  type MapModel,
  type ModelReference,
  type ModelTable,
  mapModel,
  ownerReferences,
  parseName,
} from '../../platform/map/index.ts';
import { type Identity, identitiesOf } from '../identity/identities.ts';
import { allSpots, type Spot } from '../identity/spots.ts';

/** The data map as a graph of rows that belong to persons. */
export interface PersonGraph {
  readonly model: MapModel;
  readonly identities: ReadonlyMap<string, Identity>;
  /** Where values that tell persons apart stand, by table. */
  readonly spots: ReadonlyMap<string, readonly Spot[]>;
  /** Tables a row of which is a person: exclusive, found by an identity, and owned by no other such row. */
  readonly roots: readonly ModelTable[];
  /** Tables with further names of a person, and the way up to that row. */
  readonly aliases: readonly AliasTable[];
  /** Of shared tables, by name: the rows that give their owner a share. */
  readonly holders: ReadonlyMap<string, readonly Holder[]>;
}

/** Rows that refer to a shared row: a message that lies in several mailboxes, by the rows of the mailboxes. */
export interface Holder {
  readonly table: ModelTable;
  readonly reference: ModelReference;
}

export interface AliasTable {
  readonly table: ModelTable;
  readonly root: ModelTable;
  /** From the alias to the root, over rows of exclusive tables. */
  readonly way: readonly ModelReference[];
  /** Its scalar identities, of the same subject as the root's. */
  readonly spots: readonly Spot[];
}

export function personGraph(map: DataMap): PersonGraph {
  const model = mapModel(map);
  const identities = identitiesOf(model);
  const spots = allSpots(model, identities);
  const roots = [...model.tables.values()].filter(
    (table) => namesOf(spots, table).length > 0 && isRoot(model, table),
  );
  const aliases = [...model.tables.values()].flatMap((table) => aliasOf({ model, spots, roots }, table));
  const holders = new Map([...model.tables.values()].map((table) => [table.name, holdersOf(model, table)]));
  return { model, identities, spots, roots, aliases, holders };
}

function holdersOf(model: MapModel, shared: ModelTable): readonly Holder[] {
  if (shared.entry.ownership !== 'shared') return [];
  const named = [shared.entry.held_by ?? []].flat().map(canonicalName);
  if (named.length === 0 && validOwners(model, shared).length > 0) return [];
  return [...model.tables.values()].flatMap((table) => {
    const { ownership } = table.entry;
    // Rows of several give their owners a share only where that is said: as parts of shared messages do.
    const isHolder = ownership === 'exclusive' || (ownership === 'shared' && named.length > 0);
    if (!isHolder || validOwners(model, table).some(({ toTable }) => toTable === shared.name)) return [];
    return table.references.flatMap((reference) => {
      const columns = reference.columns.map((column) => formatName(...(parseName(table.name) ?? []), column));
      const isMeant = named.length === 0 || columns.some((column) => named.includes(column));
      // Of a document only one value would be compared, and it may name several.
      const isPlain = reference.entry.path === undefined;
      return reference.toTable === shared.name && isMeant && isPlain ? [{ table, reference }] : [];
    });
  });
}

/** The references over which a row has an owner: a row of one person alone cannot belong to a row of several. */
export function validOwners(model: MapModel, table: ModelTable): readonly ModelReference[] {
  return ownerReferences(table).filter(({ toTable }) => {
    const owner = model.tables.get(toTable)?.entry.ownership;
    if (owner === undefined || owner === 'third-party' || toTable === table.name) return false;
    return !(owner === 'shared' && table.entry.ownership === 'exclusive');
  });
}

/** The values of a row that are the row's own person: one in each column. */
export function namesOf(spots: PersonGraph['spots'], { name, entry }: ModelTable): readonly Spot[] {
  if (entry.ownership !== 'exclusive') return [];
  return (spots.get(name) ?? []).filter(({ form }) => form === 'scalar');
}

/**
 * The values of a row that is a person by which that person is told. Those of another subject than the first are
 * somebody whom the row names, as an address for recovery is.
 */
export function ownNamesOf(spots: PersonGraph['spots'], table: ModelTable): readonly Spot[] {
  const names = namesOf(spots, table);
  return names.filter(({ identity }) => identity.subject === names[0]?.identity.subject);
}

/** The references of a row that lead to rows of other exclusive tables, by which it is owned. */
export function exclusiveOwners(model: MapModel, table: ModelTable): readonly ModelReference[] {
  return ownerReferences(table).filter(
    ({ toTable }) => toTable !== table.name && model.tables.get(toTable)?.entry.ownership === 'exclusive',
  );
}

const isRoot = (model: MapModel, table: ModelTable): boolean =>
  table.entry.ownership === 'exclusive' && exclusiveOwners(model, table).length === 0;

function aliasOf(
  graph: Pick<PersonGraph, 'model' | 'spots' | 'roots'>,
  table: ModelTable,
): readonly AliasTable[] {
  const names = namesOf(graph.spots, table);
  if (names.length === 0 || graph.roots.includes(table)) return [];
  return graph.roots.flatMap((root) => {
    const subjects = new Set(ownNamesOf(graph.spots, root).map(({ identity }) => identity.subject));
    const spots = names.filter(({ identity }) => subjects.has(identity.subject));
    if (spots.length === 0) return [];
    return [...waysUp(graph.model, table, root.name, new Set())].map((way) => ({ table, root, way, spots }));
  });
}

/** Every way over owners to a table: of a list of aliases, an account may have some by a key and some by its name. */
function* waysUp(
  model: MapModel,
  table: ModelTable,
  to: string,
  seen: ReadonlySet<string>,
): Generator<readonly ModelReference[]> {
  if (table.name === to) yield [];
  for (const reference of exclusiveOwners(model, table)) {
    const next = model.tables.get(reference.toTable);
    if (next === undefined || seen.has(next.name)) continue;
    for (const further of waysUp(model, next, to, new Set([...seen, table.name]))) {
      yield [reference, ...further];
    }
  }
}
