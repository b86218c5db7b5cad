import { refused, usageError } from '../../../base/error.ts';
import type { Client } from '../../../base/postgres.ts';
import { assignedType } from '../../../platform/assigned-type.ts';
import { type Catalog, type Column, type Relation, readCatalog } from '../../../platform/catalog/index.ts';
import { type DataMap, formatName, mapModel } from '../../../platform/map/index.ts';
import { type WalkableTable, walkableTable } from '../../../platform/walk/index.ts';

/** A column whose map says `{pseudonymise: hmac}`, for itself or inside a JSON document. */
export interface PseudonymColumn {
  readonly name: string;
  /** What a value is cast to, as `assignedType` says. */
  readonly type: string;
  readonly form: 'text' | 'array' | 'json';
}

export interface PseudonymTable {
  /** Canonical name. */
  readonly name: string;
  readonly walkable: WalkableTable;
  readonly relation: Relation;
  readonly columns: readonly [PseudonymColumn, ...PseudonymColumn[]];
}

/**
 * Every table with such columns, as the map and the database have them.
 * @throws {PosternError} exit 2: `table-missing`, `column-missing`, `pseudonym-type`, `table-without-key`; exit 6:
 * `pseudonym-in-key`
 */
export async function pseudonymTables(db: Client, map: DataMap): Promise<readonly PseudonymTable[]> {
  const catalog = await readCatalog(db);
  return [...mapModel(map).tables.values()].flatMap(({ name, fields }): readonly PseudonymTable[] => {
    const names = fields.flatMap(([column, field]) =>
      [field, ...Object.values(field.paths ?? {})].some(({ erase }) => isPseudonymised(erase))
        ? [column]
        : [],
    );
    if (names.length === 0) return [];
    const relation = catalog.relations.find((one) => formatName(one.schema, one.name) === name);
    if (relation === undefined) throw missing(`the database has no table ${name}`, 'table-missing');
    const [first, ...others] = names.map((column) => columnOf(catalog, relation, column));
    if (first === undefined) return [];
    return [{ name, relation, walkable: walkableTable(relation), columns: [first, ...others] }];
  });
}

const isPseudonymised = (erase: unknown): boolean =>
  typeof erase === 'object' && erase !== null && 'pseudonymise' in erase;

const missing = (message: string, code: string) =>
  usageError(`${message}, which the data map names`, {
    code,
    hints: ['`postern map lint` compares the map with the database'],
  });

function columnOf(catalog: Catalog, relation: Relation, name: string): PseudonymColumn {
  const table = formatName(relation.schema, relation.name);
  const column = relation.columns.find((one) => one.name === name);
  if (column === undefined) throw missing(`${table} has no column ${name}`, 'column-missing');
  requireNoKey(catalog, relation, column);
  const form = formOf(column);
  if (form !== undefined && column.generated === null) return { name, type: assignedType(column), form };
  throw usageError(
    `${table}.${name} is ${column.generated === null ? column.type : 'generated'}, in which no pseudonym can stand`,
    {
      code: 'pseudonym-type',
      hints: ['{pseudonymise: hmac} is for text, arrays of text, and JSON'],
    },
  );
}

const textType = /^(?:text|name|character varying|character|bpchar)\b|(?:^|\.)citext\b/;

function formOf({ baseType }: Column): PseudonymColumn['form'] | undefined {
  if (/^jsonb?$/.test(baseType)) return 'json';
  if (!textType.test(baseType)) return undefined;
  return baseType.endsWith('[]') ? 'array' : 'text';
}

/** A key that changes in one table would have to change in others with it. @throws {PosternError} exit 6 */
function requireNoKey(catalog: Catalog, relation: Relation, { name }: Column): void {
  const isReferred = catalog.foreignKeys.some(
    (key) =>
      (key.relation === relation.oid && key.columns.includes(name)) ||
      (key.referencedRelation === relation.oid && key.referencedColumns.includes(name)),
  );
  const isPrimary = relation.constraints.some(
    ({ kind, columns }) => kind === 'primary-key' && columns.includes(name),
  );
  if (!isReferred && !isPrimary) return;
  throw refused(
    `${formatName(relation.schema, relation.name)}.${name} is part of a ${isPrimary ? 'primary' : 'foreign'} key`,
    {
      code: 'pseudonym-in-key',
      hints: ['a pseudonym that rotates cannot be one: give the field another rule in the data map'],
    },
  );
}
