// What `subject pseudonyms rotate` returns under --json.
import { z } from 'zod';
import { rotateInputs } from './inputs.ts';

const columns = rotateInputs.shape.columns;

export const subjectPseudonymsRotateResult = z.strictObject({
  /** Of the newest key. */
  version: z.number().int().positive(),
  /** How many pseudonyms were under older keys when the plan was made. */
  values: z.number().int().nonnegative(),
  before: columns,
  /** As counted at the end; null where nothing was applied. */
  after: columns.nullable(),
  planId: z.string().nullable(),
  outcome: z.enum(['nothing to do', 'applied', 'planned', 'awaiting approval', 'not stored']),
  certificateId: z.string().nullable(),
});

export type SubjectPseudonymsRotateResult = z.infer<typeof subjectPseudonymsRotateResult>;
