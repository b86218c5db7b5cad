import type { Queryable } from '../../../base/postgres.ts';
import { type ModelTable, parseName, tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import { safeLabel } from '../archive/safe-name.ts';

/**
 * What becomes of a column's values. `secret`: never exported. `opened`: decrypted first. `sealed`: encrypted in a way
 * that only the application can undo.
 */
export type ColumnUse = 'exported' | 'secret' | 'derived' | 'opened' | 'sealed' | 'review';

/** A column of the database. */
export interface Column {
  readonly name: string;
  readonly use: ColumnUse;
  /** How a value stands in JSON. */
  readonly form: 'text' | 'number' | 'boolean' | 'json' | 'bytes';
  /** Over the row `t`: the value as text, or as bytes. */
  readonly sql: string;
  /** Why a person has to look at it first. */
  readonly review?: string;
}

/**
 * The columns of a table that the map knows, with what they hold. A column that the map does not know is not exported:
 * nobody has said what it is.
 * @param opened columns that can be decrypted
 */
export async function columnsOf(
  db: Queryable,
  table: ModelTable,
  opened: ReadonlySet<string>,
): Promise<readonly Column[]> {
  const { rows } = await db.query<{ name: string; category: string; type: string }>(
    // A domain may be over another domain.
    `select a.attname as name, b.typcategory as category, b.typname as type
     from pg_catalog.pg_attribute a
       cross join lateral (
         with recursive t as (
           select oid, typtype, typbasetype, typcategory, typname from pg_catalog.pg_type where oid = a.atttypid
           union all
           select n.oid, n.typtype, n.typbasetype, n.typcategory, n.typname
           from t join pg_catalog.pg_type n on n.oid = t.typbasetype where t.typtype = 'd'
         )
         select typcategory, typname from t where typtype <> 'd'
       ) b
     where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [tableName(table.name)],
  );
  const fields = new Map(table.fields);
  return rows
    .filter(({ name }) => table.columns.has(name))
    .map(({ name, category, type }) => {
      const field = fields.get(name);
      const isOpened = opened.has(name);
      const form = isOpened ? 'text' : formOf(category, type);
      const column = `t.${quoteIdentifier(name)}`;
      return {
        name,
        form,
        use: useOf(field, isOpened),
        sql: isOpened || form === 'bytes' ? column : textSql(column, category),
        ...(field?.review === undefined ? {} : { review: field.review }),
      };
    });
}

/** SQL: a value as text. Lists and composites as PostgreSQL writes JSON of them. */
function textSql(column: string, category: string): string {
  if (category === 'A' || category === 'C') return `pg_catalog.to_json(${column})::text`;
  // The cast of a network address adds its mask, which nobody wrote.
  return category === 'I'
    ? `case when ${column} is null then null else pg_catalog.format('%s', ${column}) end`
    : `${column}::text`;
}

type Field = ModelTable['fields'][number][1];

function useOf(field: Field | undefined, isOpened: boolean): ColumnUse {
  if (field === undefined) return 'exported';
  if (isSecret(field.category)) return 'secret';
  if (field.hmac !== undefined) return 'derived';
  if (field.encrypted !== undefined && !isOpened) return 'sealed';
  // Of an object it is the content that is looked at, and not its key.
  if (field.review !== undefined && field.object === undefined) return 'review';
  return isOpened ? 'opened' : 'exported';
}

/** Passwords, tokens and the like: whoever gets hold of the archive must not get in. */
export const isSecret = (category: string | undefined): boolean =>
  category === 'user.authorization' || category?.startsWith('user.authorization.') === true;

function formOf(category: string, type: string): Column['form'] {
  if (type === 'bytea') return 'bytes';
  if (type === 'json' || type === 'jsonb' || category === 'A' || category === 'C') return 'json';
  if (category === 'B') return 'boolean';
  return category === 'N' && /^(?:int[248]|float[48]|numeric)$/.test(type) ? 'number' : 'text';
}

/** `mail.messages` as a folder of the archive has it. */
export const tableLabel = (name: string): string => safeLabel(parseName(name) ?? [name]);
