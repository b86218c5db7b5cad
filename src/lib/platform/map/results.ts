// What `map lint` and `map check` return under --json.
import { z } from 'zod';
import { unseen } from './scan/results.ts';

const placedFinding = z.strictObject({
  rule: z.string(),
  severity: z.enum(['error', 'warning']),
  line: z.number(),
  column: z.number(),
  path: z.string(),
  message: z.string(),
});

export const mapLintResult = z.strictObject({
  file: z.string(),
  database: z.string().nullable(),
  tables: z.number(),
  findings: z.array(placedFinding),
});

export const mapCheckResult = z.strictObject({
  file: z.string(),
  database: z.string(),
  tables: z.number(),
  /** False under --no-sample: no value was read. */
  sampled: z.boolean(),
  findings: z.array(placedFinding),
  /** What could not be looked at. */
  unseen: z.array(unseen),
});

/** A finding with its place in the file. */
export type PlacedFinding = z.infer<typeof placedFinding>;
export type MapLintResult = z.infer<typeof mapLintResult>;
export type MapCheckResult = z.infer<typeof mapCheckResult>;
