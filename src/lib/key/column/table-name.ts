import { parseName } from '../../platform/map/index.ts';
import { qualifiedName } from '../../platform/quote.ts';

/** A table's name in the map (canonical `schema.table`) as SQL wants it. */
export function tableName(canonical: string): string {
  const [schema = '', table = ''] = parseName(canonical) ?? [];
  return qualifiedName(schema, table);
}
