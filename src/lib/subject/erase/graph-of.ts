import type { Client } from '../../base/postgres.ts';
import { readCatalog } from '../../platform/catalog/index.ts';
import { type DataMap, formatName } from '../../platform/map/index.ts';
import { type PersonGraph, personGraph } from '../graph/person-graph.ts';

/** The map as a graph, and the names of the tables that the database has. */
export async function graphOf(
  db: Client,
  map: DataMap,
): Promise<{ readonly graph: PersonGraph; readonly tables: ReadonlySet<string> }> {
  const { relations } = await readCatalog(db);
  return {
    graph: personGraph(map),
    tables: new Set(relations.map(({ schema, name }) => formatName(schema, name))),
  };
}
