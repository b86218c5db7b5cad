import { z } from 'zod';

/** Something that only a person can decide on: whether others' interests stand against giving it out. */
const reviewItem = z.strictObject({
  /** SHA-256 of the place and of the content: a decision is about what was seen, and nothing else. */
  id: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits'),
  kind: z.enum(['internal-note', 'forwarded-message', 'forwarded-text']),
  table: z.string(),
  /** Of the row, in the order of the primary key. */
  key: z.array(z.string()),
  field: z.string(),
  /** Why it is not given out without a decision. */
  why: z.string(),
  /** Its beginning, in clear. */
  excerpt: z.string(),
  /** To be filled in. */
  decision: z.enum(['disclose', 'mask'], 'expected disclose, mask or null').nullable(),
  /** To be filled in; goes into the manifest, which the person reads. */
  reason: z.string().nullable(),
});

export const reviewFile = z.strictObject({
  format: z.literal('urn:postern:format:subject-review:v1'),
  items: z.array(reviewItem),
});

export type ReviewItem = z.infer<typeof reviewItem>;

/** What was decided of an item. */
export interface Decision {
  readonly decision: 'disclose' | 'mask';
  readonly reason: string;
}
