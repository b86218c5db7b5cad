import type { StoredObject } from '../../cloud/object-store.ts';
import { addFinding } from '../finding.ts';
import type { VerifyJob } from './job.ts';

/** Stores keep whole seconds. */
const tolerance = 1000;

/**
 * Whether the store still keeps a file for as long as the run said. A lock that has come to its end is no finding.
 * @returns until when the file is, or was, locked; RFC 3339
 */
export function checkLock(
  { findings, clock }: VerifyJob,
  { name, lockedUntil }: { readonly name: string; readonly lockedUntil: string | undefined },
  { retention }: StoredObject,
): string | undefined {
  const found = retention?.until.getTime();
  const expected = lockedUntil === undefined ? undefined : Date.parse(lockedUntil);
  const isDue = expected !== undefined && expected > clock.now().getTime();
  if (isDue && found === undefined)
    addFinding(findings, {
      kind: 'lock',
      file: name,
      message: `the lock is missing; the file was locked until ${lockedUntil}`,
    });
  else if (isDue && found !== undefined && found < expected - tolerance)
    addFinding(findings, {
      kind: 'lock',
      file: name,
      message: `the lock is shorter than it was: until ${retention?.until.toISOString()}, not ${lockedUntil}`,
    });
  return retention?.until.toISOString() ?? lockedUntil;
}
