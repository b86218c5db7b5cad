// What `subject residue` returns under --json.
import { z } from 'zod';
import { residueForms } from './needles.ts';

const count = z.number().int().nonnegative();

export const subjectResidueResult = z.strictObject({
  /** `unknown`: nothing was found where it could be looked, which is not everywhere. */
  verdict: z.enum(['none', 'residue', 'unknown']),
  found: z.array(
    z.strictObject({
      /** `schema.table`, `statistics of schema.table`, `large objects`. */
      place: z.string(),
      column: z.string(),
      form: z.enum(residueForms),
      rows: count,
    }),
  ),
  /** What was looked at. */
  places: count,
  rows: count,
  bytes: count,
  unasked: z.array(z.strictObject({ source: z.string(), reason: z.string() })),
});

export type SubjectResidueResult = z.infer<typeof subjectResidueResult>;
