import { expect, test } from 'vitest';
import { keyringEnd } from '../../src/lib/backup/keyring-end.ts';
import type { KnownCopy } from '../../src/lib/backup/known-copy.ts';

const now = new Date('2026-03-01T00:00:00.000Z');
const past = { lockedUntil: '2026-02-01T00:00:00.000Z' };
const future = { lockedUntil: '2026-04-01T00:00:00.000Z' };
const pruned = { keyringPrunedAt: '2026-01-15T00:00:00.000Z' } as KnownCopy;

test.each([
  ['its lock has ended', { offsite: past, second: future }, undefined, past.lockedUntil],
  ['its lock has not ended', { offsite: future, second: past }, undefined, undefined],
  ['it never had a lock', { offsite: {}, second: past }, undefined, undefined],
  ['postern pruned it', { offsite: future }, pruned, pruned.keyringPrunedAt],
  ['the store is a copy, and every lock has ended', { one: past, two: past }, undefined, past.lockedUntil],
  ['the store is a copy, and one lock has not ended', { one: past, two: future }, undefined, undefined],
  ['nothing is known of any copy', {}, undefined, undefined],
] as const)('where %s', (_, copies, known, end) => {
  expect(keyringEnd({ copies }, { destination: 'offsite', known, now })).toBe(end);
});
