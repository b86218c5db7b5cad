// What the backup commands return under --json: the schemas in docs/schemas are made from these.
import { z } from 'zod';

const count = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const schemaDump = z.strictObject({ kind: z.enum(['native', 'wasm']), version: z.string() });

/** The mail objects of a set. */
const setObjects = z.strictObject({
  mode: z.enum(['full', 'incremental']),
  /** Earlier sets that hold some of them. */
  base: z.array(z.string()),
  buckets: z.array(z.strictObject({ name: z.string(), count, bytes: count })),
  count,
  bytes: count,
  /** Those whose bytes are in this set. */
  stored: count,
  storedBytes: count,
  /** Not in the set: rows name them and the store has none, the store's bytes are damaged, or no store could take the key. */
  missing: z.strictObject({ absent: count, damaged: count, name: count }),
  referenced: count,
  unreferenced: count,
});

export type SetObjects = z.infer<typeof setObjects>;

export const backupRunResult = z.strictObject({
  setId: z.string(),
  startedAt: z.string(),
  finishedAt: z.string(),
  seconds: z.number(),
  destinations: z.array(
    z.strictObject({
      name: z.string(),
      location: z.string(),
      required: z.boolean(),
      state: z.enum(['complete', 'failed']),
      /** The end of the earliest lock on the set's data; null: it locks nothing. */
      lockedUntil: z.string().nullable(),
      /** Of its mail objects, which are kept longer; null where there are none, or no lock. */
      objectsLockedUntil: z.string().nullable(),
      /** Why it failed. */
      reason: z.string().nullable(),
    }),
  ),
  sources: z.array(
    z.strictObject({
      name: z.string(),
      database: z.string(),
      tables: count,
      rows: count,
      largeObjects: count,
      wrappedKeys: count,
      schemaDump,
    }),
  ),
  tables: count,
  rows: count,
  files: count,
  plainBytes: count,
  bytes: count,
  manifestSha256: sha256,
  previousSetId: z.string().nullable(),
  /** Null when the profile names no buckets. */
  objects: setObjects.nullable(),
  recipients: z.array(z.string()),
});

export type BackupRunResult = z.infer<typeof backupRunResult>;

const verification = z.strictObject({
  level: z.string().nullable(),
  outcome: z.enum(['passed', 'failed']),
  at: z.string(),
});

export const listedSet = z.strictObject({
  destination: z.string(),
  setId: z.string(),
  startedAt: z.string(),
  /** Incomplete: a run that did not end left these files. Missing: the register knows the set, the store does not. */
  state: z.enum(['complete', 'incomplete', 'missing']),
  isComplete: z.boolean(),
  /** Its manifest lies under a delete marker; the set can be restored all the same. */
  isHidden: z.boolean(),
  /** As `backup show` counts them: those that the stub lists. */
  files: count,
  /** Of those. */
  bytes: count,
  /** The end of the earliest lock on the set's data; null: not locked, or not complete. */
  lockedUntil: z.string().nullable(),
  /** The last verification that came to an end; null where none is on record. */
  lastVerified: verification.nullable(),
  /** The last one that read everything; a nightly look at the listing does not count for it. */
  lastFull: verification.nullable(),
});

export const backupListResult = z.strictObject({
  destinations: z.array(
    z.strictObject({
      name: z.string(),
      /** Null where it could not be asked. */
      location: z.string().nullable(),
      /** Why it could not be asked. */
      error: z.string().nullable(),
    }),
  ),
  /** By destination, oldest first. */
  sets: z.array(listedSet),
});

export const backupShowResult = z.strictObject({
  setId: z.string(),
  location: z.string(),
  profile: z.string(),
  finishedAt: z.string(),
  signer: z.string(),
  signedAt: z.string(),
  recipients: z.array(z.string()),
  previous: z.strictObject({ setId: z.string(), manifestSha256: sha256 }).nullable(),
  files: count,
  bytes: count,
  /** Null without a secret key. */
  manifest: z
    .strictObject({
      tool: z.string(),
      startedAt: z.string(),
      sources: z.array(
        z.strictObject({
          name: z.string(),
          database: z.string(),
          serverVersion: z.string(),
          encoding: z.string(),
          lsn: z.string().nullable(),
          schemaDump,
          rows: count,
          largeObjects: count,
          wrappedKeys: count,
          tables: z.array(
            z.strictObject({ table: z.string(), rows: count, checksum: z.string(), plainBytes: count }),
          ),
        }),
      ),
      objects: setObjects.nullable(),
    })
    .nullable(),
});

export type ListedSet = z.infer<typeof listedSet>;
export type BackupListResult = z.infer<typeof backupListResult>;
export type BackupShowResult = z.infer<typeof backupShowResult>;

export const backupKeysInitResult = z.strictObject({
  directory: z.string(),
  sealed: z.boolean(),
  keys: z.array(
    z.strictObject({
      role: z.enum(['operations', 'offline', 'signer']),
      fingerprint: z.string(),
      publicFile: z.string(),
      secretFile: z.string(),
      /** Where the secret half is to be kept. */
      belongs: z.string(),
    }),
  ),
});

export const backupPreview = z.strictObject({
  destinations: z.array(
    z.strictObject({
      name: z.string(),
      location: z.string(),
      /** Why a run would store nothing there; null: nothing is known against it. */
      problem: z.string().nullable(),
    }),
  ),
  sources: z.array(
    z.strictObject({
      name: z.string(),
      database: z.string(),
      tables: count,
      bytes: count,
      copies: count,
      schemaDump,
    }),
  ),
  recipients: z.array(z.string()),
});

export type BackupKeysInitResult = z.infer<typeof backupKeysInitResult>;
export type BackupPreview = z.infer<typeof backupPreview>;
