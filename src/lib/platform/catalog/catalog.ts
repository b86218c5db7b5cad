import type { Database, DatabaseSetting, Schema, Server } from './database.ts';
import type { Extension } from './extension.ts';
import type { ForeignKey } from './foreign-key.ts';
import type { Relation } from './relation.ts';
import type { ForeignServer, Publication, Subscription } from './replication.ts';
import type { Routine } from './routine.ts';
import type { Sequence } from './sequence.ts';
import type { EventTrigger } from './trigger.ts';
import type { UserType } from './type.ts';

/**
 * What a database says about itself, as plain data that JSON can carry. Every list has a fixed order: by schema and
 * name in byte order, so that two readings of the same database are equal. Null stands for SQL's NULL.
 */
export interface Catalog {
  readonly server: Server;
  readonly database: Database;
  readonly settings: readonly DatabaseSetting[];
  readonly schemas: readonly Schema[];
  readonly relations: readonly Relation[];
  /**
   * Tables that another session had locked, by oid: their sizes, and the texts of their defaults, checks, indexes and
   * policies, were not read. Empty unless `readCatalog` was to go on without them.
   */
  readonly locked: readonly number[];
  /** Also those that reach into the chosen schemas from outside. */
  readonly foreignKeys: readonly ForeignKey[];
  readonly inheritance: readonly Inheritance[];
  readonly viewDependencies: readonly ViewDependency[];
  readonly sequences: readonly Sequence[];
  readonly extensions: readonly Extension[];
  readonly types: readonly UserType[];
  readonly routines: readonly Routine[];
  readonly eventTriggers: readonly EventTrigger[];
  readonly largeObjects: readonly LargeObjectOwner[];
  readonly publications: readonly Publication[];
  readonly subscriptions: readonly Subscription[];
  readonly foreignServers: readonly ForeignServer[];
}

/** One child and one parent, by oid; partitions included. */
export interface Inheritance {
  readonly child: number;
  readonly parent: number;
  readonly partition: boolean;
}

/** A view or materialised view, and a relation that it reads directly, by oid. */
export interface ViewDependency {
  readonly view: number;
  readonly relation: number;
}

export interface LargeObjectOwner {
  readonly owner: string;
  readonly count: number;
}
