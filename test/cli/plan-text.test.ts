import { expect, test } from 'vitest';
import { planText } from '../../src/lib/cli/plan-text.ts';
import type { PlanBody } from '../../src/lib/operation/plan.ts';

const body = {
  kind: 'key.rotate-password',
  profile: 'production',
  target: { database: 'mail', systemIdentifier: '1' },
  author: { osUser: 'alice', host: 'desk' },
  createdAt: '2026-03-01T02:00:00Z',
  expiresAt: '2026-03-02T02:00:00Z',
  steps: [],
} as unknown as PlanBody;

test.each([
  ['passwords changed', '1 password changed'],
  ['KMS keys disabled', '1 KMS key disabled'],
  ['hashes removed', '1 hash removed'],
  ['databases created', '1 database created'],
  ['public key files written', '1 public key file written'],
])('an effect on one thing is told in the singular: %s', (name, text) => {
  const lines = (count: number) => planText('a', { ...body, effects: { [name]: count } }).split('\n');
  expect(lines(1)).toContain(`effects   ${text}`);
  expect(lines(2)).toContain(`effects   2 ${name}`);
});
