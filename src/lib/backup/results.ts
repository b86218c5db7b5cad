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
      /** Until when the store refuses to delete the set's files; null: it locks nothing. */
      lockedUntil: z.string().nullable(),
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

export const listedSet = z.strictObject({
  setId: z.string(),
  startedAt: z.string(),
  files: count,
  /** Bytes in the store. */
  bytes: count,
  /** False: a run that did not end left these files. */
  isComplete: z.boolean(),
});

export const backupListResult = z.strictObject({ location: z.string(), sets: z.array(listedSet) });

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

export const verifyFinding = z.strictObject({
  kind: z.enum(['missing', 'changed', 'unlisted', 'size', 'contents', 'chain', 'signature', 'unreadable']),
  file: z.string().nullable(),
  message: z.string(),
});

export const backupVerifyResult = z.strictObject({
  setId: z.string(),
  location: z.string(),
  level: z.enum(['list', 'full']),
  signer: z.string().nullable(),
  /** Whether a secret key was at hand, so that contents were compared too. */
  opened: z.boolean(),
  files: count,
  bytes: count,
  rows: count.nullable(),
  seconds: z.number(),
  findings: z.array(verifyFinding),
});

export type ListedSet = z.infer<typeof listedSet>;
export type BackupListResult = z.infer<typeof backupListResult>;
export type BackupShowResult = z.infer<typeof backupShowResult>;
export type VerifyFinding = z.infer<typeof verifyFinding>;
export type BackupVerifyResult = z.infer<typeof backupVerifyResult>;

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
  destinations: z.array(z.strictObject({ name: z.string(), location: z.string() })),
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
