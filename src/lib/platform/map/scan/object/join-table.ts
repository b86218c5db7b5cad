import { type Client, sqlState } from '../../../../base/postgres.ts';
import type { Column, Relation } from '../../../catalog/index.ts';
import { qualifiedName, quoteIdentifier } from '../../../quote.ts';
import type { KeyForm } from './inventory.ts';
import type { ValueKind } from './key-form.ts';

/** How rows of a table and keys of a form fit together. */
export interface Join {
  readonly relation: Relation;
  /** The column that holds whole keys; else the one that finds the row by a value of the key. */
  readonly by: { readonly column: string; readonly holds: 'key' | 'value' };
  /** Keys of the sample that have a row. */
  readonly keys: number;
  /** Rows that they have: more than keys, where several rows name one object. */
  readonly rows: number;
  /** For each value of the key, in order, the columns that have it in each of these rows. */
  readonly columns: readonly (readonly string[])[];
}

/** Milliseconds for one table. */
const time = 3000;
/** What is the same in so many of a hundred rows is called the same. */
const enough = 0.95;

const textTypes = /^(?:text|character varying|character|(?:\S+\.)?citext)(?:\(\d+\))?$/;
const types: Readonly<Record<ValueKind, RegExp>> = {
  number: /^(?:smallint|integer|bigint|numeric|text|character|date)\b(?!.*\[)/,
  uuid: /^(?:uuid|text|character)\b(?!.*\[)/,
  hash: /^(?:text|character|uuid)\b(?!.*\[)/,
  text: textTypes,
};

/** Text columns of a table that hold whole keys of the sample. No value leaves the server. */
export async function wholeKeyColumns(
  db: Client,
  relation: Relation,
  { sample }: KeyForm,
): Promise<readonly string[]> {
  const columns = relation.columns.filter(({ baseType }) => textTypes.test(baseType));
  if (columns.length === 0) return [];
  const counts = columns.map(
    ({ name }, index) =>
      `pg_catalog.count(distinct ${quoteIdentifier(name)}) filter (where ${quoteIdentifier(name)}::pg_catalog.text = any($1)) as c${index}`,
  );
  const row = await asked(
    db,
    `select ${counts.join(', ')} from ${qualifiedName(relation.schema, relation.name)}`,
    [sample.map(({ key }) => key)],
  );
  return columns
    .map(({ name }, index) => ({ name, keys: Number(row?.[`c${index}`] ?? 0) }))
    .filter(({ keys }) => keys > 0)
    .toSorted((one, other) => other.keys - one.keys)
    .map(({ name }) => name);
}

/** Joins the sample with a table by a column; undefined where nothing fits, or the server would not say. */
export async function joinTable(
  db: Client,
  relation: Relation,
  form: KeyForm,
  by: { readonly column: Column; readonly position: number | 'key' },
): Promise<Join | undefined> {
  const values = valuesOf(form);
  const own = quoteIdentifier(by.column.name);
  const token = by.position === 'key' ? 'k.key' : `k.v${by.position}`;
  const candidates = values.map(({ kind }) =>
    relation.columns.filter(({ baseType }) => types[kind].test(baseType)),
  );
  const counts = candidates.flatMap((columns, position) =>
    columns.map(
      ({ name }, index) =>
        `pg_catalog.count(*) filter (where t.${quoteIdentifier(name)}::pg_catalog.text = k.v${position}) as p${position}_${index}`,
    ),
  );
  const names = ['key', ...values.map((_, index) => `v${index}`)];
  const arrays = names.map((_, index) => `pg_catalog.unnest($${index + 1}::pg_catalog.text[])`);
  const row = await asked(
    db,
    `select ${['pg_catalog.count(*) as rows', 'pg_catalog.count(distinct k.key) as keys', ...counts].join(', ')}
       from rows from (${arrays.join(', ')}) as k (${names.join(', ')})
       join ${qualifiedName(relation.schema, relation.name)} as t on t.${own} = ${cast(token, by.column)}`,
    [form.sample.map(({ key }) => key), ...values.map((value) => value.all)],
  );
  const [rows, keys] = [Number(row?.['rows'] ?? 0), Number(row?.['keys'] ?? 0)];
  if (rows === 0) return undefined;
  return {
    relation,
    by: { column: by.column.name, holds: by.position === 'key' ? 'key' : 'value' },
    keys,
    rows,
    columns: candidates.map((columns, position) =>
      columns
        .filter((_, index) => Number(row?.[`p${position}_${index}`] ?? 0) >= rows * enough)
        .map(({ name }) => name),
    ),
  };
}

/** Whether several rows have the same text in a column; true where the server would not say. */
export async function hasTwins(db: Client, { schema, name }: Relation, column: string): Promise<boolean> {
  const own = quoteIdentifier(column);
  const row = await asked(
    db,
    `select exists (select from ${qualifiedName(schema, name)} where ${own} is not null
       group by ${own} having pg_catalog.count(*) > 1)::text as twins`,
    [],
  );
  return row?.['twins'] !== 'false';
}

/** The values of the sample by their place in the key. */
export function valuesOf({
  sample,
}: KeyForm): readonly { readonly kind: ValueKind; readonly all: readonly string[] }[] {
  const rows = sample.map(({ parts }) => parts.filter((part) => 'kind' in part));
  return (rows[0] ?? []).map(({ kind }, index) => ({
    kind,
    all: rows.map((row) => row[index]?.value ?? ''),
  }));
}

/** As the column's own type, so that its index serves. */
function cast(token: string, { baseType }: Column): string {
  if (/^(?:smallint|integer|bigint|numeric)\b/.test(baseType)) return `${token}::pg_catalog.int8`;
  return baseType === 'uuid' ? `${token}::pg_catalog.uuid` : token;
}

async function asked(
  db: Client,
  sql: string,
  values: readonly unknown[],
): Promise<Readonly<Record<string, string>> | undefined> {
  await db.query('begin read only');
  try {
    await db.query(`set local statement_timeout = ${time}`);
    const { rows } = await db.query<Record<string, string>>(sql, [...values]);
    return rows[0];
  } catch (error) {
    // No permission, a lock, too slow, or a value that is none of the column's type; anything else is a mistake here.
    if (!/^(?:42501|57014|55P03|22...)$/.test(sqlState(error) ?? '')) throw error;
    return undefined;
  } finally {
    await db.query('rollback').catch(() => {});
  }
}
