import { quoteIdentifier } from '../../platform/quote.ts';
import { lineLiteral } from '../format/sql-text.ts';

/**
 * One `name=value` of pg_db_role_setting as the end of the `ALTER DATABASE` or `ALTER ROLE` that sets it again. A list of names is stored as `"$user", public`: each name becomes a text of its own, as pg_dump writes
 * them, because an empty one could not be written as a name.
 */
export function setSql(setting: string): string {
  const equals = setting.indexOf('=');
  const name = setting.slice(0, equals);
  const value = setting.slice(equals + 1);
  const values = listQuoted.has(name.toLowerCase()) ? splitList(value) : [value];
  return `SET ${name.split('.').map(quoteIdentifier).join('.')} TO ${values.map(lineLiteral).join(', ')}`;
}

/** The settings that PostgreSQL marks GUC_LIST_QUOTE (src/backend/utils/misc/guc_tables.c); there is no query for it. */
const listQuoted: ReadonlySet<string> = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

/** As SplitGUCList does (src/bin/pg_dump/dumputils.c): names between commas, quoted or not, kept in their case. */
function splitList(list: string): readonly string[] {
  const names = list.match(/"(?:[^"]|"")*"|[^\s,"]+/g) ?? [];
  if (names.length === 0) return [''];
  return names.map((name) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name));
}
