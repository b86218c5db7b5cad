import { expect, test } from 'vitest';
import type { Answer } from '../../../src/lib/key/dkim/answer.ts';
import { withoutRoutes } from '../../../src/lib/key/dkim/observe.ts';
import { newSelector } from '../../../src/lib/key/dkim/selector-name.ts';

const at = (name: string | undefined, address: string, answer: Answer) => ({
  server: { name, address, port: 53 },
  answer,
});
const noRoute: Answer = { is: 'unanswered', reason: 'this host has no route to it' };
const absent: Answer = { is: 'absent', remembered: 60 };

test('an IPv6 address that this host cannot reach is not asked, where IPv4 reaches the same server', () => {
  const asked = [at('ns1', '192.0.2.1', absent), at('ns1', '2001:db8::1', noRoute)];
  expect(withoutRoutes(asked).map(({ answer }) => answer.is)).toEqual(['absent', 'not asked']);
});

test('a server that this host cannot reach at all stays unanswered, and so does a silent one', () => {
  const silent: Answer = { is: 'unanswered', reason: 'no answer in 3000 ms' };
  const asked = [
    at('ns1', '192.0.2.1', absent),
    at('ns2', '2001:db8::2', noRoute),
    at(undefined, '2001:db8::3', noRoute),
    at('ns1', '192.0.2.4', silent),
  ];
  expect(withoutRoutes(asked)).toEqual(asked);
});

const now = new Date('2026-03-09T23:59:00Z');

test('a selector says what its template says', () => {
  expect(newSelector('{algorithm}-{yyyymm}', 'rsa-2048', now, new Set())).toBe('rsa-202603');
  expect(newSelector('mail-{yyyy}-{mm}-{dd}-{algorithm}', 'ed25519', now, new Set())).toBe(
    'mail-2026-03-09-ed25519',
  );
});

test('a selector that was used before is never used again', () => {
  const known = new Set(['rsa-202603', 'rsa-202603-2']);
  expect(newSelector('{algorithm}-{yyyymm}', 'rsa-4096', now, known)).toBe('rsa-202603-3');
  const all = new Set(['rsa-202603', ...Array.from({ length: 99 }, (_, index) => `rsa-202603-${index + 1}`)]);
  expect(() => newSelector('{algorithm}-{yyyymm}', 'rsa-4096', now, all)).toThrow(
    expect.objectContaining({ code: 'dkim-selectors-exhausted', exitCode: 6 }),
  );
});
