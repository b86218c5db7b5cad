// What `subject residue` returns under --json.
import { z } from 'zod';
import { residueForms } from './needles.ts';

const count = z.number().int().nonnegative();

export const subjectResidueResult = z.strictObject({
  /** `unknown`: nothing was found where it could be looked, which is not everywhere. */
  verdict: z.enum(['none', 'residue', 'unknown']),
  found: z.array(
    z.strictObject({
      /**
       * `schema.table`, `statistics of schema.table`, `large objects`; `object BUCKET/KEY`, of which only is shown what
       * can name nobody, `further objects of BUCKET`; `log file PATH`.
       */
      place: z.string(),
      /** Of an object: `key`, `metadata`, `body`; of a log file: `line`, `name`. */
      column: z.string(),
      form: z.enum(residueForms),
      /** Of an object, versions; of a log file, lines. */
      rows: count,
    }),
  ),
  /** Whether the object store and log files were looked through: `none` are configured, or they were `left-out`. */
  objectStore: z.enum(['looked', 'left-out', 'none']),
  logFiles: z.enum(['looked', 'left-out', 'none']),
  /** What was looked at: relations, buckets and files. */
  places: count,
  rows: count,
  /** Versions of objects. */
  objects: count,
  /** Of log files. */
  lines: count,
  bytes: count,
  unasked: z.array(z.strictObject({ source: z.string(), reason: z.string() })),
});

export type SubjectResidueResult = z.infer<typeof subjectResidueResult>;
