import type { Catalog, ForeignKey, Relation } from '../../catalog/index.ts';
import { formatName } from '../name.ts';

/** The catalog with the names that a data map uses. */
export interface CatalogModel {
  readonly catalog: Catalog;
  /** By canonical `schema.table`; sequences and views left out. */
  readonly relations: ReadonlyMap<string, Relation>;
}

export function catalogModel(catalog: Catalog): CatalogModel {
  const stored = catalog.relations.filter(({ kind }) => kind !== 'sequence' && kind !== 'view');
  return { catalog, relations: new Map(stored.map((relation) => [nameOf(relation), relation])) };
}

export const nameOf = ({ schema, name }: Pick<Relation, 'schema' | 'name'>): string =>
  formatName(schema, name);

/** The names of the two tables of a foreign key. */
export function endsOf(key: ForeignKey): { readonly from: string; readonly to: string } {
  return {
    from: formatName(key.schema, key.table),
    to: formatName(key.referencedSchema, key.referencedTable),
  };
}
