// What `backup verify` returns under --json.
import { z } from 'zod';

const count = z.number().int().nonnegative();
const amount = z.strictObject({ files: count, bytes: count });

/**
 * `no-key`: no secret key is configured; `other-keys`: none of them opens the set; `service`: the key management
 * service does not; `damaged`: what would have to be opened cannot be read.
 */
const unopened = z.enum(['no-key', 'other-keys', 'service', 'damaged']);

const verifyFinding = z.strictObject({
  kind: z.enum([
    'missing',
    'changed',
    /** Somebody has written over the file or hidden it; the version that was signed is still there, and is used. */
    'shadowed',
    'unlisted',
    'size',
    'contents',
    'chain',
    /** The state database says otherwise: an older manifest, or an older store. */
    'register',
    'lock',
    'signature',
    'unreadable',
  ]),
  /** Null: the set as a whole. */
  file: z.string().nullable(),
  /** Another set that it is about; left out where it is the one that is verified. */
  set: z.string().optional(),
  message: z.string(),
});

export const backupVerifyResult = z.strictObject({
  setId: z.string(),
  destination: z.string(),
  location: z.string(),
  /** `list`, `head`, `full` or `sample=5%`. */
  level: z.string(),
  outcome: z.enum(['passed', 'failed', 'incomplete']),
  signer: z.string().nullable(),
  /** Whether a secret key was at hand, so that contents were compared too. */
  opened: z.boolean(),
  /** Why not; null at level `list`, which opens nothing. */
  unopened: unopened.nullable(),
  /** In the set, as `backup list` counts them. */
  files: count,
  bytes: count,
  /** Beside these: the archives, and what opens them, of the sets whose mail objects this one shares. */
  base: amount,
  /** Looked at now, keyrings and `base` included. */
  checked: amount,
  /** Found good by the run that this one goes on with. */
  skipped: amount,
  /** Not looked at, for the egress cap. */
  remaining: amount,
  /** Bytes read from the store. */
  egress: count,
  /** Rows counted, before and now; null without a secret key. */
  rows: count.nullable(),
  /** Repeats the choice of a sample. */
  seed: z.string().nullable(),
  /** At level head: the earliest end of a lock; null: nothing is locked. */
  lockedUntil: z.string().nullable(),
  seconds: z.number(),
  findings: z.array(verifyFinding),
  /** Worth knowing, and not wrong. */
  notes: z.array(z.string()),
});

const verifyFailure = z.strictObject({
  destination: z.string(),
  /** Null: the destination could not be looked at. */
  setId: z.string().nullable(),
  message: z.string(),
  code: z.string().nullable(),
  exitCode: count,
});

/** With --all or --all-destinations. */
export const backupVerifyManyResult = z.strictObject({
  results: z.array(backupVerifyResult),
  /** What could not be looked at, and why. */
  failures: z.array(verifyFailure),
  /** With --resume: sets that the run that this one goes on with has finished. */
  skipped: z.array(z.strictObject({ destination: z.string(), setId: z.string() })),
  /** Sets that were not begun, for the egress cap. */
  remaining: z.array(z.strictObject({ destination: z.string(), setId: z.string() })),
});

export type Unopened = z.infer<typeof unopened>;
export type VerifyFinding = z.infer<typeof verifyFinding>;
export type BackupVerifyResult = z.infer<typeof backupVerifyResult>;
export type BackupVerifyManyResult = z.infer<typeof backupVerifyManyResult>;
