import type { DataMap } from './map-schema.ts';
import { type ColumnName, formatName, parseColumnName } from './name.ts';

/** The columns that hold wrapped data encryption keys of persons: all that `encrypted.dek` names, each once. */
export function wrappedKeyColumns(map: DataMap): readonly ColumnName[] {
  const names = Object.values(map.tables).flatMap(({ fields = {} }) =>
    Object.values(fields).flatMap(({ encrypted }) => (encrypted === undefined ? [] : [encrypted.dek])),
  );
  const columns = names.map(parseColumnName).filter((name) => name !== undefined);
  return [...new Map(columns.map((name) => [`${name.table}.${formatName(name.column)}`, name])).values()];
}
