import { failure, type PosternError } from '../base/error.ts';

/** Milliseconds: a clock that is further off makes locks, and the names and order of sets, wrong. */
const tolerance = 3_600_000;

/** Holds the clock of this host against another. @throws {PosternError} exit 1, `clock-skewed` */
export function requireSameTime(witness: string, theirs: Date, now: Date): void {
  if (Math.abs(now.getTime() - theirs.getTime()) <= tolerance) return;
  throw clockSkewed(`${witness} says that it is ${theirs.toISOString()}`, now);
}

/** Holds it against a moment that must lie in the past. @throws {PosternError} exit 1, `clock-skewed` */
export function requirePast(what: string, at: Date, now: Date): void {
  if (at.getTime() <= now.getTime() + tolerance) return;
  throw clockSkewed(`${what} ${at.toISOString()}`, now);
}

function clockSkewed(witness: string, now: Date): PosternError {
  return failure(`the clock of this host says ${now.toISOString()}, and ${witness}`, {
    code: 'clock-skewed',
    hints: ['set the clock (timedatectl), then run this again: locks and the names of sets follow it'],
  });
}
