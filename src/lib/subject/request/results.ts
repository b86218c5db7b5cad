// What `request open`, `list`, `show`, `verify`, `extend` and `close` return under --json.
import { z } from 'zod';

const count = z.number().int().nonnegative();

/** The rights of Articles 15 to 21 GDPR. */
export const requestKinds = [
  'access',
  'portability',
  'rectification',
  'erasure',
  'restriction',
  'objection',
] as const;

export const requestOutcomes = ['fulfilled', 'refused', 'withdrawn'] as const;

/** RFC 3339, UTC. */
const time = z.string();

export const subjectRequest = z.strictObject({
  number: count,
  kind: z.enum(requestKinds),
  /** The operator's own name for it: a ticket. */
  reference: z.string(),
  receivedAt: time,
  /** A calendar month after it was received, or three. */
  dueAt: time,
  tenant: z.string().nullable(),
  /** The controller's, where it acts for one. */
  instruction: z.string().nullable(),
  openedAt: time,
  /** How it was made sure who asks. */
  verified: z.strictObject({ at: time, how: z.string() }).nullable(),
  extended: z.strictObject({ at: time, reason: z.string() }).nullable(),
  closed: z
    .strictObject({
      at: time,
      outcome: z.enum(requestOutcomes),
      note: z.string().nullable(),
      certificateId: z.string().nullable(),
    })
    .nullable(),
  /** `due`: soon. `late`: closed after its day. */
  verdict: z.enum(['open', 'due', 'overdue', 'closed', 'late']),
});

export const requestListResult = z.strictObject({
  requests: z.array(subjectRequest),
  open: count,
  due: count,
  overdue: count,
});

export type SubjectRequest = z.infer<typeof subjectRequest>;
export type RequestListResult = z.infer<typeof requestListResult>;
export type RequestKind = SubjectRequest['kind'];
export type RequestOutcome = NonNullable<SubjectRequest['closed']>['outcome'];
