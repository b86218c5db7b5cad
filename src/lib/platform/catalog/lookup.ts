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

/**
 * The columns that tell a relation's rows apart as a primary key does, where it has none: of UNIQUE constraints, and of
 * unique indexes of all rows that compare as the columns do. None of the columns may be NULL.
 */
export function uniqueKeys({ constraints, indexes, columns }: Relation): readonly (readonly string[])[] {
  const required = new Set(columns.flatMap(({ name, notNull }) => (notNull ? [name] : [])));
  const constrained = constraints.filter(({ kind }) => kind === 'unique').map((one) => one.columns);
  const indexed = indexes
    .filter(
      ({ unique, valid, constraint, predicate, definition }) =>
        unique && valid && constraint === null && predicate === null && !definition.includes(' COLLATE '),
    )
    .map((index) => index.columns);
  return [...constrained, ...indexed].flatMap((key) => {
    const names = key.filter((name) => name !== null).filter((name) => required.has(name));
    return names.length === key.length ? [names] : [];
  });
}
