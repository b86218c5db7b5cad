import { describe, expect, test } from 'vitest';
import { findingsOf, roleInUse } from '../../../src/lib/key/password/decide.ts';
import type { RoleFacts, ServerFacts } from '../../../src/lib/key/password/inspect.ts';

const role = (name: string, own: Partial<RoleFacts> = {}): RoleFacts => ({
  name,
  canLogin: true,
  isSuperuser: false,
  connectionLimit: -1,
  validUntil: null,
  mayAlter: true,
  mayEndSessions: true,
  sessions: 0,
  form: 'scram-sha-256',
  traits: [],
  owned: [],
  ...own,
});

const facts = (...roles: readonly RoleFacts[]): ServerFacts => ({
  admin: 'postgres',
  isReadOnly: false,
  iterations: 4096,
  passwordEncryption: 'scram-sha-256',
  roles,
});

const nothing = { told: undefined, published: undefined, rotated: undefined };

describe('the role in use', () => {
  const both = [role('a'), role('b')];

  test.each([
    ['what a person says', { told: 'a', published: 'b', rotated: 'b' }, 'a'],
    ['what the file says', { told: undefined, published: 'b', rotated: 'a' }, 'b'],
    ['the last rotation', { ...nothing, rotated: 'b' }, 'b'],
    ['the last rotation, where the file names a stranger', { ...nothing, published: 'x', rotated: 'a' }, 'a'],
  ])('is %s', (_, traces, expected) => {
    expect(roleInUse('app', both, traces)).toBe(expected);
  });

  test('is the one with sessions, if it is one', () => {
    expect(roleInUse('app', [role('a'), role('b', { sessions: 2 })], nothing)).toBe('b');
  });

  test.each([
    [0, 'neither has'],
    [1, 'both have'],
  ])('is not guessed where %i of the roles have sessions too', (sessions, told) => {
    const roles = [role('a', { sessions }), role('b', { sessions })];
    expect(() => roleInUse('app', roles, nothing)).toThrow(`${told} sessions`);
  });

  test('is the only one', () => {
    expect(roleInUse('app', [role('only')], nothing)).toBe('only');
  });
});

describe('findings', () => {
  const situation = {
    facts: facts(role('a'), role('b')),
    inUse: 'a',
    target: 'b',
    rotated: 'a',
    published: 'a',
    cryptoperiod: 90 * 86_400_000,
    now: new Date('2026-06-01T00:00:00Z'),
  };
  const codes = (own: Partial<typeof situation>) =>
    findingsOf({ ...situation, ...own }).map(({ code }) => code);

  test('are none where all is well', () => {
    expect(codes({})).toEqual([]);
  });

  test('tell of somebody else who writes the file', () => {
    expect(codes({ rotated: 'b' })).toEqual(['elsewhere-published']);
  });

  test('tell of a server that makes md5', () => {
    expect(codes({ facts: { ...situation.facts, passwordEncryption: 'md5' } })).toEqual(['md5-default']);
  });

  test('name the first ten differences and count the others', () => {
    const traits = Array.from({ length: 12 }, (_, index) => `trait ${index}`);
    const [found] = findingsOf({ ...situation, facts: facts(role('a', { traits }), role('b')) });
    expect(found?.text).toContain('only a: trait 9; and 2 more');
    expect(found?.text).not.toContain('trait 10');
  });
});
