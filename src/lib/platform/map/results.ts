// What `map lint` returns under --json.
import { z } from 'zod';

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

/** A finding with its place in the file. */
export type PlacedFinding = z.infer<typeof placedFinding>;
export type MapLintResult = z.infer<typeof mapLintResult>;
