// What `subject rectify` returns under --json.
import { z } from 'zod';
import { informed, place } from './inputs.ts';

export const subjectRectifyResult = z.strictObject({
  places: z.array(place),
  /** Who is to be told (Article 19 GDPR). */
  toTell: z.array(informed),
  /** Channels to which the person objected under the old name: the new one has to be put on the list. */
  objections: z.array(z.string()),
  triggers: z.array(z.strictObject({ name: z.string(), effect: z.string(), to: z.array(z.string()) })),
  planId: z.string(),
  outcome: z.enum(['applied', 'planned', 'awaiting approval', 'not stored']),
  certificateId: z.string().nullable(),
  /** Rows that a hold keeps as they are; null unless it was applied. */
  held: z.number().int().nonnegative().nullable(),
  /** By `schema.table.column`; null unless it was applied. */
  corrected: z.array(z.strictObject({ place: z.string(), rows: z.number().int().nonnegative() })).nullable(),
});

export type SubjectRectifyResult = z.infer<typeof subjectRectifyResult>;
