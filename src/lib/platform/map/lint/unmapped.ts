import type { Catalog } from '../../catalog/index.ts';
import type { DataMap } from '../map-schema.ts';
import { formatName } from '../name.ts';
import { catalogModel, nameOf } from './catalog-model.ts';
import { unmappedColumns } from './column-rules.ts';
import { mapModel } from './map-model.ts';
import { unmappedRelations } from './table-rules.ts';

/** What a database has and a map does not mention: `schema.table`, and `schema.table.column` of mapped tables. */
export function unmapped(map: DataMap, catalog: Catalog): readonly string[] {
  const [model, known] = [mapModel(map), catalogModel(catalog)];
  return [
    ...[...unmappedRelations(model, known)].map(nameOf),
    ...[...unmappedColumns(model, known)].map(
      ({ table, column }) => `${table.name}.${formatName(column.name)}`,
    ),
  ];
}
