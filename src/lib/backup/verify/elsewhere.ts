import type { VerifyJob } from './job.ts';
import type { VerifyFinding } from './results.ts';

/** What is wrong with another set, as this verification has come upon it. */
export interface FoundElsewhere {
  readonly setId: string;
  /** As a verification of that set would call it. */
  readonly kind: VerifyFinding['kind'];
}

/**
 * A finding about another set than the one that is verified: whoever verifies is told, and the other set has it on
 * record, since nothing is wrong with this one.
 */
export function findElsewhere(
  { findings, elsewhere }: VerifyJob,
  { setId, kind }: FoundElsewhere,
  finding: Omit<VerifyFinding, 'set' | 'file'>,
): void {
  findings.push({ ...finding, file: null, set: setId });
  elsewhere.push({ setId, kind });
}

/** Those about the set itself: they decide what is on record of it. */
export function aboutItself(findings: readonly VerifyFinding[]): readonly VerifyFinding[] {
  return findings.filter(({ set }) => set === undefined);
}
