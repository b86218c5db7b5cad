import { usageError } from '../../base/error.ts';
import type { Column, Relation } from '../catalog/index.ts';
import { qualifiedName } from '../quote.ts';

export interface WalkKeyColumn {
  readonly name: string;
  /** With its modifiers, as format_type writes it. */
  readonly type: string;
  /** The type under all domains; the same as `type` unless told. */
  readonly baseType?: string;
  /** Where the type's `>` and `=` are; pg_catalog unless told. */
  readonly operatorSchema?: string;
}

/** A table and the key that gives each of its rows one place in a total order. */
export interface WalkableTable {
  readonly schema: string;
  readonly name: string;
  /** A partitioned table is walked with its partitions, any other without its children. */
  readonly kind: 'table' | 'partitioned-table';
  /** The primary key, in its order. */
  readonly key: readonly WalkKeyColumn[];
}

/**
 * The key by which a table is walked: the primary key, else a UNIQUE constraint over columns that are all NOT NULL.
 * A bare unique index is not taken, as it may order, collate or leave out rows in its own way.
 * @throws {PosternError} exit 2, `table-without-key`
 */
export function walkableTable(relation: Relation): WalkableTable {
  const { schema, name, kind } = relation;
  if (kind !== 'table' && kind !== 'partitioned-table') {
    throw usageError(`${qualifiedName(schema, name)} is a ${kind}, which cannot be walked`, {
      code: 'table-without-key',
    });
  }
  const columns = new Map(relation.columns.map((column) => [column.name, column]));
  const keys = relation.constraints.filter(
    (constraint) =>
      constraint.kind === 'primary-key' ||
      (constraint.kind === 'unique' &&
        constraint.columns.every((column) => columns.get(column)?.notNull === true)),
  );
  const chosen = keys.find((constraint) => constraint.kind === 'primary-key') ?? keys[0];
  const key = chosen?.columns.map((column) => columns.get(column)).filter((column) => column !== undefined);
  if (key === undefined || key.length === 0) {
    throw usageError(`the table ${qualifiedName(schema, name)} has no key to walk by`, {
      code: 'table-without-key',
      hints: ['give it a primary key, or a UNIQUE constraint over NOT NULL columns'],
    });
  }
  return { schema, name, kind, key: key.map(keyColumn) };
}

function keyColumn({ name, type, baseType, operatorSchema }: Column): WalkKeyColumn {
  return { name, type, baseType, ...(operatorSchema === null ? {} : { operatorSchema }) };
}
