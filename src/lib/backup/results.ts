// What the backup commands return under --json: the schemas in docs/schemas are made from these.
import { z } from 'zod';

const count = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const backupRunResult = z.strictObject({
  setId: z.string(),
  location: z.string(),
  startedAt: z.string(),
  finishedAt: z.string(),
  seconds: z.number(),
  database: z.string(),
  tables: count,
  rows: count,
  largeObjects: count,
  files: count,
  plainBytes: count,
  bytes: count,
  manifestSha256: sha256,
  previousSetId: z.string().nullable(),
  recipients: z.array(z.string()),
  schemaDump: z.strictObject({ kind: z.enum(['native', 'wasm']), version: z.string() }),
});

export type BackupRunResult = z.infer<typeof backupRunResult>;
