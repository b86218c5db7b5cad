// What `key dkim …` and `key rotate dkim` return under --json.
import { z } from 'zod';
import { planBody } from '../../operation/plan.ts';
import { selectorStates } from './state.ts';

const time = z.string();
const next = z.strictObject({ action: z.string(), from: time.nullable() }).nullable();

const selector = z.strictObject({
  domain: z.string(),
  selector: z.string(),
  keyType: z.enum(['rsa', 'ed25519']),
  bits: z.number().int(),
  publicKey: z.string(),
  origin: z.enum(['made', 'adopted']),
  keyFile: z.string(),
  state: z.enum(selectorStates),
  since: time,
  createdAt: time,
  activeSince: time.nullable(),
  notBefore: time.nullable(),
  isCompromised: z.boolean(),
  /** The plan that brought it to its state was cancelled. */
  isOrphaned: z.boolean(),
});

const answer = z.strictObject({
  role: z.enum(['authoritative', 'resolver']),
  server: z.string(),
  /** The name that it was asked for. */
  asked: z.string(),
  says: z.enum([
    'key',
    'revoked',
    'absent',
    'several',
    'malformed',
    'alias',
    'lame',
    'unanswered',
    'not asked',
  ]),
  verdict: z.enum(['as wanted', 'finding', 'unknown', 'not counted']),
  reason: z.string(),
});

/** The result of `key dkim list`. */
export const keyDkimListResult = z.strictObject({
  selectors: z.array(selector.extend({ overdue: z.array(z.string()), next })),
});

/** The result of `key dkim check`. */
export const keyDkimCheckResult = z.strictObject({
  verdict: z.enum(['as wanted', 'findings', 'incomplete']),
  domains: z.array(
    z.strictObject({
      domain: z.string(),
      findings: z.array(z.string()),
      selectors: z.array(
        selector.extend({
          askedAt: time.nullable(),
          answers: z.array(answer),
          findings: z.array(z.string()),
          unknown: z.array(z.string()),
          next,
        }),
      ),
    }),
  ),
});

/** The result of `key dkim adopt`. */
export const keyDkimAdoptResult = z.strictObject({
  domain: z.string(),
  selector: z.string(),
  keyFile: z.string(),
  adopted: z.boolean(),
});

/** The result of `key dkim zone`. */
export const keyDkimZoneResult = z.strictObject({
  domain: z.string(),
  lines: z.array(z.string()),
  /** The script for nsupdate, where one was asked for. */
  nsupdateFile: z.string().nullable(),
});

/** The result of `key rotate dkim`. */
export const keyRotateDkimResult = z.strictObject({
  domain: z.string(),
  plan: z.string(),
  /** `waiting`: begun, and run again it goes on. */
  outcome: z.enum(['applied', 'waiting', 'planned', 'awaiting approval', 'not stored']),
  /** What it waits for. */
  waitingFor: z.string().nullable(),
  certificate: z.string().nullable(),
  body: planBody,
  /** What is to be changed in the zone now. */
  lines: z.array(z.string()),
  nsupdateFile: z.string().nullable(),
});

export type KeyDkimListResult = z.infer<typeof keyDkimListResult>;
export type KeyDkimCheckResult = z.infer<typeof keyDkimCheckResult>;
export type KeyDkimAdoptResult = z.infer<typeof keyDkimAdoptResult>;
export type KeyDkimZoneResult = z.infer<typeof keyDkimZoneResult>;
export type KeyRotateDkimResult = z.infer<typeof keyRotateDkimResult>;
