import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  pseudonym,
  pseudonymKeysOf,
  pseudonymVersion,
  rotatedPseudonym,
} from '../../src/lib/subject/pseudonym/index.ts';

const secrets = [randomBytes(32).toString('hex'), randomBytes(32).toString('base64')] as const;
const [second, first] = pseudonymKeysOf([
  { version: 2, secret: secrets[0] },
  { version: 1, secret: secrets[1] },
]);
if (first === undefined) throw new Error('two keys were given');
const email = { kind: 'email' };

describe('keys of pseudonyms', () => {
  it('are refused where one is short, none, or there twice', () => {
    const make = (...list: readonly string[]) =>
      pseudonymKeysOf([
        { version: 3, secret: secrets[0] },
        ...list.map((secret, index) => ({ version: 2 - index, secret })),
      ]);
    expect(() => make(secrets[1], '00')).toThrow(
      expect.objectContaining({
        exitCode: 2,
        code: 'subject-key-short',
        message: expect.stringContaining('[2].key'),
      }),
    );
    expect(() => make('?')).toThrow(expect.objectContaining({ code: 'subject-key-invalid' }));
    expect(() => make(secrets[1], secrets[0])).toThrow(
      expect.objectContaining({ code: 'subject-key-duplicate' }),
    );
  });
});

describe('a pseudonym', () => {
  it('of an address is an address to which nothing can be sent, and of anything else a word', () => {
    expect(pseudonym(first, email, 'ann@example.org')).toMatch(/^p1\.[a-z2-7]{24}@pseudonym\.invalid$/);
    expect(pseudonym(second, { kind: 'account.name' }, 'Ann')).toMatch(/^p2\.[a-z2-7]{24}$/);
  });

  it('is one for all spellings of a value, and another one under another key or of another kind', () => {
    expect(pseudonym(first, email, ' ANN@Example.org')).toBe(pseudonym(first, email, 'ann@example.org'));
    const words = [
      pseudonym(first, { kind: 'a.b' }, 'x'),
      pseudonym(first, { kind: 'a.c' }, 'x'),
      pseudonym(first, { kind: 'a.b' }, 'y'),
      pseudonym(second, { kind: 'a.b' }, 'x'),
    ].map((word) => word.slice(3));
    expect(new Set(words).size).toBe(4);
  });

  it('is made of a pseudonym no second time, so that a batch can be done again', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('email', 'account.name'), (value, kind) => {
        const once = pseudonym(first, { kind }, value);
        expect(pseudonym(first, { kind }, once)).toBe(once);
        expect(pseudonym(second, { kind }, once)).toBe(once);
        expect(pseudonymVersion(once)).toBe(1);
      }),
    );
  });

  it('is told from what only looks like one', () => {
    const word = pseudonym(first, { kind: 'a.b' }, 'x');
    for (const other of [
      `${word}a`,
      word.slice(0, -1),
      ` ${word}`,
      word.toUpperCase(),
      `${word}@example.org`,
      word.replace('p1', 'p0'),
      `${word}\n`,
    ])
      expect(pseudonymVersion(other), other).toBeUndefined();
  });
});

describe('a rotated pseudonym', () => {
  it('is of the new version and the same form, and equal where the older ones were', () => {
    const [ann, bob] = ['ann@example.org', 'bob@example.org'].map((value) =>
      rotatedPseudonym(second, pseudonym(first, email, value)),
    );
    expect(ann).toMatch(/^p2\.[a-z2-7]{24}@pseudonym\.invalid$/);
    expect(ann).not.toBe(bob);
    expect(ann).toBe(rotatedPseudonym(second, pseudonym(first, email, 'Ann@example.org')));
    expect(ann).not.toBe(pseudonym(second, email, 'ann@example.org'));
  });

  it('is left as it is by its own key, by an older one, and so is what is no pseudonym', () => {
    const mine = pseudonym(second, email, 'ann@example.org');
    for (const value of [mine, 'ann@example.org', '', 'p1.short']) {
      expect(rotatedPseudonym(second, value)).toBe(value);
      expect(rotatedPseudonym(first, value)).toBe(value);
    }
  });
});
