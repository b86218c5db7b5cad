import { z } from 'zod';

const auditEvents = ['intent', 'done', 'failed', 'note'] as const;

const actor = z.strictObject({
  fingerprint: z.string().optional(),
  osUser: z.string(),
  host: z.string(),
  pid: z.number().int(),
  cloudIdentity: z.string().optional(),
});

/**
 * The body of an audit entry, as it is hashed: canonical JSON of exactly these members. `docs/formats/audit.md`
 * describes them for readers in other languages.
 */
export const auditBody = z.strictObject({
  formatVersion: z.literal(1),
  seq: z.number().int().positive(),
  previousHash: z.string().regex(/^[0-9a-f]{64}$/),
  /** RFC 3339, UTC, by the clock of the host that wrote the entry. */
  at: z.iso.datetime({ precision: 3 }),
  event: z.enum(auditEvents),
  /** What is done, in the words of the command line: `plan.apply`. */
  action: z.string(),
  /** A UUID that an intent shares with its outcome. */
  run: z.uuid(),
  actor,
  /** What it is done to, for a person. Never a subject's name or address. */
  target: z.string().optional(),
  /** The plan's id, where there is one. */
  plan: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  detail: z.record(z.string(), z.json()).optional(),
  /** With `failed`: the error's stable code, never its message, which could quote data. */
  error: z.strictObject({ code: z.string(), exitCode: z.number().int() }).optional(),
});

export type AuditEvent = (typeof auditEvents)[number];
export type AuditBody = Readonly<z.infer<typeof auditBody>>;

/** The previousHash of the first entry. */
export const genesisHash = '0'.repeat(64);
