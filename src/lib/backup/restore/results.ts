// What `backup restore` returns under --json.
import { z } from 'zod';

const count = z.number().int().nonnegative();

/** What was repeated of the erasures since the set's snapshot. */
export const replayedErasures = z.strictObject({
  state: z.enum(['replayed', 'skipped', 'not due']),
  entries: count,
  rows: count,
  kinds: z.record(z.string(), z.strictObject({ replayed: count, rows: count })),
  /** Tables and columns of the restored database that the data map does not mention: nobody was looked for there. */
  unmapped: z.array(z.string()).default([]),
});

/** What came of the wrapped keys. */
export const restoredKeyring = z.strictObject({
  /** The set whose keyring was used; null: none is left, or the database has none. */
  from: z.string().nullable(),
  rows: count,
  /** Rows that have no wrapped key now. */
  missing: count,
  /** Sets whose keyring was asked for and is gone, though its lock has not ended and postern has not pruned it. */
  lost: z.array(z.string()).default([]),
});

export const restoredObjects = z.strictObject({
  /** Objects that the stores have now, as the set has them. */
  objects: count,
  bytes: count,
  /** Put now; the others were there already. */
  stored: count,
  /** Lacked by the set itself. */
  missing: count,
  /** Put without the metadata that they had. */
  withoutMetadata: count,
});

export const backupRestoreResult = z.strictObject({
  planId: z.string(),
  setId: z.string(),
  destination: z.string(),
  source: z.string(),
  database: z.string(),
  state: z.enum(['planned', 'applied']),
  /** Where only some tables were asked for; null: the whole database. */
  partial: z
    .strictObject({
      tables: z.array(z.string()),
      /** Foreign keys that are not checked, because the rows that they refer to were not loaded; null until applied. */
      foreignKeysNotValid: z.array(z.string()).nullable(),
      /** Foreign keys that PostgreSQL could not make without checking them. */
      foreignKeysLeftOut: z.array(z.string()).nullable(),
    })
    .nullable(),
  tables: count.nullable(),
  rows: count.nullable(),
  schema: z.enum(['equal', 'not compared']).nullable(),
  /** Null until applied. */
  keyring: restoredKeyring.nullable(),
  erasures: replayedErasures.nullable(),
  /** Of the mail objects; null where none were asked for, or until it is applied. */
  objects: restoredObjects.nullable(),
  certificateId: z.string().nullable(),
});

export type BackupRestoreResult = z.infer<typeof backupRestoreResult>;
