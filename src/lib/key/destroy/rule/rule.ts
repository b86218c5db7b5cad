import { z } from 'zod';
import type { KmsKey } from '../../../cloud/kms.ts';
import type { KmsService } from '../../../cloud/kms-service.ts';
import type { DestroyContext } from '../context.ts';

/** What must hold before a KMS key is destroyed, in the order in which it is told. */
export const keyRule = z.strictObject({
  rule: z.enum([
    'no-data-key',
    'no-quarantine',
    'no-backup',
    'not-configured',
    'drill-passed',
    'no-alias-or-grant',
    'not-used',
    'disabled',
  ]),
  /** `unknown`: it could not be looked at, which counts as not met. */
  verdict: z.enum(['met', 'not-met', 'unknown']),
  evidence: z.array(z.string()).min(1),
  /** RFC 3339, UTC: it is not met before. Null where no date is known, and where it is met. */
  until: z.string().nullable(),
});

export type KeyRule = z.infer<typeof keyRule>;
export type RuleName = KeyRule['rule'];

/** What a look at one rule found. */
export type Verdict = Omit<KeyRule, 'rule'>;

/** What a rule is asked about. */
export interface RuleTask {
  readonly context: DestroyContext;
  readonly kms: KmsService;
  readonly key: KmsKey;
  /** Milliseconds that a key must have been disabled and not used. */
  readonly soak: number;
}

export type Look = (task: RuleTask) => Promise<Verdict>;

export const met = (...evidence: string[]): Verdict => ({ verdict: 'met', evidence, until: null });

export const notMet = (evidence: readonly string[], until: string | null = null): Verdict => ({
  verdict: 'not-met',
  evidence: [...evidence],
  until,
});

export const unknown = (...evidence: string[]): Verdict => ({ verdict: 'unknown', evidence, until: null });

/** One verdict of what speaks against it, what cannot be told, and, where there is neither, what speaks for it. */
export function verdictOf(found: {
  readonly against: readonly string[];
  readonly untold: readonly string[];
  readonly met: string;
}): Verdict {
  if (found.against.length > 0) return notMet([...found.against, ...found.untold]);
  return found.untold.length > 0 ? unknown(...found.untold) : met(found.met);
}
