import { qualifiedName } from '../quote.ts';
import { parseName } from './name.ts';

/** A table's name in the map (canonical `schema.table`) as SQL wants it. */
export function tableName(canonical: string): string {
  const [schema = '', table = ''] = parseName(canonical) ?? [];
  return qualifiedName(schema, table);
}
