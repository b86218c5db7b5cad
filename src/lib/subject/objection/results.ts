// What `subject object` returns under --json.
import { z } from 'zod';

const count = z.number().int().nonnegative();

/** A line of what was given, from 1 on; never what stands in it. */
const line = z.number().int().positive();

export const subjectObjectResult = z.discriminatedUnion('did', [
  z.strictObject({
    did: z.literal('object'),
    channel: z.string(),
    /** Hashes of names that were not on the list before. */
    added: count,
    /** Hashes of all names of the person. */
    names: count,
    /** Whether the platform has a person of that name. */
    found: z.boolean(),
  }),
  z.strictObject({ did: z.literal('withdraw'), channel: z.string(), removed: count }),
  z.strictObject({
    did: z.literal('export'),
    /** Lines of the list: a channel and a hash. */
    entries: count,
    channels: z.array(z.string()),
    /** The keys that a sender needs. */
    keyIds: z.array(z.string()),
  }),
  z.strictObject({
    did: z.literal('check'),
    channel: z.string(),
    checked: count,
    suppressed: z.array(line),
    /** No address and no identity stands there. */
    unreadable: z.array(line),
    /** Entries of the channel under keys that are not configured: nobody can tell whether a line names one of them. */
    unknown: z.array(z.strictObject({ keyId: z.string(), entries: count })),
  }),
  z.strictObject({
    did: z.literal('rehash'),
    checked: count,
    /** Names that are under the current key now and were not before. */
    rehashed: count,
    unreadable: z.array(line),
    /** Entries that are under an older key still, by the key's id. */
    remaining: z.array(z.strictObject({ keyId: z.string(), entries: count, configured: z.boolean() })),
  }),
]);

export type SubjectObjectResult = z.infer<typeof subjectObjectResult>;
export type ResultOf<Did extends SubjectObjectResult['did']> = Extract<SubjectObjectResult, { did: Did }>;
