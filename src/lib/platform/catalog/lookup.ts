import { qualifiedName } from '../quote.ts';
import type { Catalog } from './catalog.ts';
import type { Relation } from './relation.ts';

/** The relations by `qualifiedName(schema, name)`. */
export function relationsByName(catalog: Catalog): ReadonlyMap<string, Relation> {
  return new Map(
    catalog.relations.map((relation) => [qualifiedName(relation.schema, relation.name), relation]),
  );
}

/** The columns of a relation's primary key, in its order; undefined without one. */
export function primaryKey(relation: Relation): readonly string[] | undefined {
  return relation.constraints.find(({ kind }) => kind === 'primary-key')?.columns;
}
