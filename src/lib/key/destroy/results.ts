// What `key retire`, `key destroy` and `key undestroy` return under --json.
import { z } from 'zod';
import { keyRule } from './rule/rule.ts';

const ending = z.strictObject({
  /** ARN. */
  key: z.string(),
  /** Empty under --undo, which asks for nothing. */
  rules: z.array(keyRule),
  /** Every rule is met; null under --undo. */
  isUnneeded: z.boolean().nullable(),
  /** Null where nothing was planned: --undo, or a rule that is not met under --dry-run. */
  planId: z.string().nullable(),
  outcome: z.enum(['applied', 'planned', 'awaiting approval', 'not stored']),
});

export const keyRetireResult = z.strictObject({ ...ending.shape, certificateId: z.string().nullable() });

/** `plan apply` destroys: the date is on its certificate. */
export const keyDestroyResult = z.strictObject({
  ...ending.shape,
  /** Between applying and the end of the key. */
  waitingDays: z.number().int(),
});

export const keyUndestroyResult = z.strictObject({ key: z.string(), state: z.literal('enabled') });

/** What both say of what was found, and of the plan. */
export type KeyEnding = z.infer<typeof ending>;
export type KeyRetireResult = z.infer<typeof keyRetireResult>;
export type KeyDestroyResult = z.infer<typeof keyDestroyResult>;
export type KeyUndestroyResult = z.infer<typeof keyUndestroyResult>;
