import {
  type DataMap,
  type MapModel,
  type ModelReference,
  type ModelTable,
  mapModel,
  ownerReferences,
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
  return { model, identities, spots, roots, aliases };
}

/** The values of a row that are the row's own person: one in each column. */
export function namesOf(spots: PersonGraph['spots'], { name, entry }: ModelTable): readonly Spot[] {
  if (entry.ownership !== 'exclusive') return [];
  return (spots.get(name) ?? []).filter(({ form }) => form === 'scalar');
}

/** The references of a row that lead to rows of other exclusive tables, by which it is owned. */
function exclusiveOwners(model: MapModel, table: ModelTable): readonly ModelReference[] {
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
    const subjects = new Set(namesOf(graph.spots, root).map(({ identity }) => identity.subject));
    const spots = names.filter(({ identity }) => subjects.has(identity.subject));
    if (spots.length === 0) return [];
    const way = wayUp(graph.model, table, root.name, new Set());
    return way === undefined ? [] : [{ table, root, way, spots }];
  });
}

/** The first way over owners to a table; undefined where there is none. */
function wayUp(
  model: MapModel,
  table: ModelTable,
  to: string,
  seen: ReadonlySet<string>,
): readonly ModelReference[] | undefined {
  if (table.name === to) return [];
  for (const reference of exclusiveOwners(model, table)) {
    const next = model.tables.get(reference.toTable);
    if (next === undefined || seen.has(next.name)) continue;
    const further = wayUp(model, next, to, new Set([...seen, table.name]));
    if (further !== undefined) return [reference, ...further];
  }
  return undefined;
}
