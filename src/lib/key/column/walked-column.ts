import { usageError } from '../../base/error.ts';
import type { Catalog, Column, Relation } from '../../platform/catalog/index.ts';
import { type EncryptedColumn, formatName, type Keyring, tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { type WalkableTable, walkableTable } from '../../platform/walk/index.ts';

/** An encrypted column that can be walked and written: what the map says, joined with what the database says. */
export interface WalkedColumn extends EncryptedColumn {
  readonly keyring: Keyring;
  readonly walkable: WalkableTable;
  readonly relation: Relation;
}

/**
 * @throws {PosternError} exit 2: `column-format`, `column-without-keyring`, `table-missing`, `column-missing`,
 * `column-not-bytea`, `column-generated`, `table-without-key`
 */
export function walkedColumn(column: EncryptedColumn, catalog: Catalog): WalkedColumn {
  const name = `${column.table}.${column.column}`;
  const { keyring } = column;
  if (column.format !== 'postern') {
    throw usageError(`${name} is encrypted in the application's own format, which only it can write`, {
      code: 'column-format',
    });
  }
  if (keyring === undefined) {
    throw usageError(`the map knows no keyring for ${name}`, {
      code: 'column-without-keyring',
      hints: ['describe the table of its keys under keyrings in the data map'],
    });
  }
  const { relation, found } = byteaColumn(column, catalog);
  if (found.generated !== null) {
    throw usageError(`${name} is generated, so that nothing can be written to it`, {
      code: 'column-generated',
    });
  }
  return { ...column, keyring, relation, walkable: walkableTable(relation) };
}

/**
 * The column as the database has it, of which anything that asks the server about encrypted values needs to be sure.
 * @throws {PosternError} exit 2: `table-missing`, `column-missing`, `column-not-bytea`
 */
export function byteaColumn(
  { table, column }: Pick<EncryptedColumn, 'table' | 'column'>,
  catalog: Catalog,
): { readonly relation: Relation; readonly found: Column } {
  const relation = relationOf(catalog, table);
  const found = columnOf(relation, column);
  if (found.baseType === 'bytea') return { relation, found };
  throw usageError(`${table}.${column} is ${found.type}, and encrypted values are bytea`, {
    code: 'column-not-bytea',
    hints: [
      'say `format: other` where the application encrypts it in a format of its own, or take `encrypted` out of the data map where it is in clear; `postern map lint` names every such column (MAP42)',
      'values in clear come into a bytea column beside it with `postern key adopt`',
    ],
  });
}

/** @throws {PosternError} exit 2, `table-missing` */
export function relationOf(catalog: Catalog, table: string): Relation {
  const found = catalog.relations.find(({ schema, name }) => formatName(schema, name) === table);
  if (found !== undefined) return found;
  throw usageError(`the database has no table ${table}, which the data map names`, {
    code: 'table-missing',
    hints: ['`postern map lint` compares the map with the database'],
  });
}

/** @throws {PosternError} exit 2, `column-missing` */
export function columnOf(relation: Relation, column: string): Column {
  const found = relation.columns.find(({ name }) => name === column);
  if (found !== undefined) return found;
  throw usageError(`${formatName(relation.schema, relation.name)} has no column ${column}`, {
    code: 'column-missing',
    hints: ['`postern map lint` compares the map with the database'],
  });
}

/**
 * SQL: whose key a row's value is under, in its type’s own text; `alias` is the row’s. Null where the way breaks off, and an empty
 * text where the keyring has no subjects.
 */
export function subjectExpression({ subject }: Pick<EncryptedColumn, 'subject'>, alias: string): string {
  const [first, ...rest] = subject;
  if (first === undefined) return `''::text`;
  let expression = `${alias}.${quoteIdentifier(first.column)}`;
  let from = first;
  for (const [index, step] of rest.entries()) {
    const next = `way${index}`;
    expression = `(select ${next}.${quoteIdentifier(step.column)} from ${tableName(from.toTable)} ${next}
      where ${next}.${quoteIdentifier(from.toColumn)} = ${expression})`;
    from = step;
  }
  return expression;
}
