import { failure } from '../../base/error.ts';
import type { Catalog, Inheritance, LargeObjectOwner, ViewDependency } from './catalog.ts';
import type { Constraint, ConstraintRow } from './constraint.ts';
import type { Database, DatabaseSetting, Schema, Server } from './database.ts';
import type { Extension } from './extension.ts';
import { type ForeignKeyRow, supportingIndex } from './foreign-key.ts';
import type { Policy, Rule } from './policy.ts';
import type { Column, RelationRow } from './relation.ts';
import type { ForeignServer, Publication, Subscription } from './replication.ts';
import type { Routine } from './routine.ts';
import type { Sequence } from './sequence.ts';
import type { TableIndex, TableIndexRow } from './table-index.ts';
import type { EventTrigger, Trigger } from './trigger.ts';
import type { UserType } from './type.ts';

/** A row of something that belongs to a relation, with that relation's oid. */
type Of<T> = T & { readonly relation: number };

/** What the `.sql` file of each name returns. */
export interface CatalogRows {
  readonly server: readonly Server[];
  readonly database: readonly Database[];
  readonly setting: readonly DatabaseSetting[];
  readonly schema: readonly Schema[];
  readonly relation: readonly RelationRow[];
  readonly column: readonly Of<Column>[];
  readonly constraint: readonly ConstraintRow[];
  readonly 'foreign-key': readonly ForeignKeyRow[];
  readonly 'table-index': readonly TableIndexRow[];
  readonly trigger: readonly Of<Trigger>[];
  readonly rule: readonly Of<Rule>[];
  readonly policy: readonly Of<Policy>[];
  readonly inheritance: readonly Inheritance[];
  readonly 'view-dependency': readonly ViewDependency[];
  readonly sequence: readonly Sequence[];
  readonly extension: readonly Extension[];
  readonly type: readonly UserType[];
  readonly routine: readonly Routine[];
  readonly 'event-trigger': readonly EventTrigger[];
  readonly 'large-object': readonly LargeObjectOwner[];
  readonly publication: readonly Publication[];
  readonly subscription: readonly Subscription[];
  readonly 'foreign-server': readonly ForeignServer[];
}

/** Hangs columns, constraints, indexes and the like on their relations. */
export function assemble(rows: CatalogRows): Omit<Catalog, 'locked'> {
  const [server] = rows.server;
  const [database] = rows.database;
  if (server === undefined || database === undefined) {
    throw failure('the server says nothing about itself', { code: 'catalog-unreadable' });
  }
  const columns = byRelation<Column>(rows.column);
  const named = columnNames(columns);
  const constraints = byRelation<Constraint>(rows.constraint.map((row) => constraint(row, named)));
  const indexes = byRelation<TableIndex>(rows['table-index'].map((row) => tableIndex(row, named)));
  const triggers = byRelation<Trigger>(rows.trigger);
  const rules = byRelation<Rule>(rows.rule);
  const policies = byRelation<Policy>(rows.policy);
  return {
    server,
    database,
    settings: rows.setting,
    schemas: rows.schema,
    relations: rows.relation.map((relation) => ({
      ...relation,
      columns: columns(relation.oid),
      constraints: constraints(relation.oid),
      indexes: indexes(relation.oid),
      triggers: triggers(relation.oid),
      rules: rules(relation.oid),
      policies: policies(relation.oid),
    })),
    foreignKeys: rows['foreign-key'].map((key) => ({
      ...key,
      supportingIndex: supportingIndex(key.columns, indexes(key.relation))?.name ?? null,
    })),
    inheritance: rows.inheritance,
    viewDependencies: rows['view-dependency'],
    sequences: rows.sequence,
    extensions: rows.extension,
    types: rows.type,
    routines: rows.routine,
    eventTriggers: rows['event-trigger'],
    largeObjects: rows['large-object'],
    publications: rows.publication,
    subscriptions: rows.subscription,
    foreignServers: rows['foreign-server'],
  };
}

/** The name of a relation's column by its attribute number; null where there is none. */
type ColumnNames = (relation: number, attribute: number) => string | null;

function columnNames(columns: (oid: number) => readonly Column[]): ColumnNames {
  const known = new Map<number, ReadonlyMap<number, string>>();
  return (relation, attribute) => {
    let names = known.get(relation);
    if (names === undefined) {
      names = new Map(columns(relation).map(({ number, name }) => [number, name]));
      known.set(relation, names);
    }
    return names.get(attribute) ?? null;
  };
}

function constraint({ attributes, ...row }: ConstraintRow, named: ColumnNames): Of<Constraint> {
  const columns = (attributes ?? []).map((attribute) => named(row.relation, attribute));
  return { ...row, columns: columns.filter((name) => name !== null) };
}

function tableIndex({ attributes, keys, ...row }: TableIndexRow, named: ColumnNames): Of<TableIndex> {
  const columns = attributes.split(' ').map((attribute) => named(row.relation, Number(attribute)));
  return {
    ...row,
    columns: columns.slice(0, keys),
    included: columns.slice(keys).filter((name) => name !== null),
  };
}

function byRelation<T>(rows: readonly Of<T>[]): (oid: number) => readonly T[] {
  const lists = new Map<number, T[]>();
  for (const { relation, ...row } of rows) {
    const list = lists.get(relation);
    if (list === undefined) lists.set(relation, [row as T]);
    else list.push(row as T);
  }
  return (oid) => lists.get(oid) ?? [];
}
