// What `backup drill` returns under --json.
import { z } from 'zod';
import { replayedErasures, restoredKeyring } from '../restore/results.ts';

const count = z.number().int().nonnegative();

export const drilledSource = z.strictObject({
  name: z.string(),
  tables: z.array(z.strictObject({ table: z.string(), rows: count, checksum: z.string() })),
  rows: count,
  largeObjects: count,
  wrappedKeys: count.nullable(),
  schema: z.enum(['equal', 'not compared']),
  schemaReason: z.string().nullable(),
  keyring: restoredKeyring,
  erasures: replayedErasures,
});

export const smokeResult = z.strictObject({
  name: z.string(),
  source: z.string(),
  passed: z.boolean(),
  /** Why it did not pass: what was expected, and what came. */
  reason: z.string().nullable(),
  rows: count.nullable(),
  seconds: z.number(),
});

export const drillPhase = z.strictObject({
  name: z.string(),
  source: z.string().nullable(),
  /** Since the drill began. */
  startSeconds: z.number(),
  seconds: z.number(),
});

export const backupDrillResult = z.strictObject({
  setId: z.string(),
  destination: z.string(),
  location: z.string(),
  manifestSha256: z.string(),
  startedAt: z.string(),
  verdict: z.enum(['passed', 'findings']),
  findings: z.array(z.string()),
  server: z.strictObject({ kind: z.enum(['embedded', 'given']), version: z.string() }),
  /** From the first look at the set until every database was open. */
  rtoSeconds: z.number(),
  rtoLimitSeconds: z.number().nullable(),
  /** How old the set's data was when the drill began. */
  rpoSeconds: z.number(),
  sources: z.array(drilledSource),
  smoke: z.array(smokeResult),
  phases: z.array(drillPhase),
  certificateId: z.string().nullable(),
  /** How to find and remove what --keep has kept. */
  kept: z.array(z.string()),
});

/** `backup drill --cleanup` */
export const drillCleanupResult = z.strictObject({
  dropped: z.array(z.string()),
  left: z.array(z.strictObject({ name: z.string(), reason: z.string() })),
});

export type DrilledSource = z.infer<typeof drilledSource>;
export type SmokeResult = z.infer<typeof smokeResult>;
export type DrillPhase = z.infer<typeof drillPhase>;
export type BackupDrillResult = z.infer<typeof backupDrillResult>;
export type DrillCleanupResult = z.infer<typeof drillCleanupResult>;
