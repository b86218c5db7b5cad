import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { domainToASCII } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Identity } from '../../src/lib/subject/identity/identities.ts';
import { hashesToFind, hashesToStore, nameHasher, rowName } from '../../src/lib/subject/name-hash/index.ts';
import { punycode } from '../../src/lib/subject/name-hash/punycode.ts';
import { projectRoot } from '../support/cli.ts';

const vector = z.strictObject({
  name: z.string(),
  key: z.string(),
  purpose: z.enum(['ledger', 'suppression', 'hold-person', 'hold-row']),
  kind: z.string(),
  value: z.union([z.string(), z.array(z.string())]),
  hash: z.string().regex(/^[0-9a-f]{8}:[0-9a-f]{64}$/),
});

/** The test vectors of docs/formats/name-hash.md, which the example in Python made and not the code under test. */
const { vectors } = z
  .strictObject({
    format: z.literal('postern-name-hash-vectors'),
    version: z.literal(1),
    vectors: z.array(vector).min(15),
  })
  .parse(JSON.parse(readFileSync(join(projectRoot, 'docs/formats/name-hash-vectors.json'), 'utf8')));

const newKey = (): string => randomBytes(32).toString('hex');
const [older, newer] = [newKey(), newKey()];

describe('a key of names', () => {
  it.each([
    ['', 'subject-key-invalid'],
    ['no key at all!', 'subject-key-invalid'],
    ['AAB', 'subject-key-invalid'],
    ['ab'.repeat(31), 'subject-key-short'],
    [Buffer.alloc(31, 1).toString('base64'), 'subject-key-short'],
  ])('is refused: %j', (secret, code) => {
    expect(() => nameHasher([newer, secret])).toThrow(
      expect.objectContaining({ exitCode: 2, code, message: expect.stringContaining('hmac_keys[1]') }),
    );
  });

  it('is refused where it stands twice, however it is written', () => {
    const base64 = Buffer.from(newer, 'hex').toString('base64');
    expect(() => nameHasher([newer, older, base64])).toThrow(
      expect.objectContaining({ exitCode: 2, code: 'subject-key-duplicate' }),
    );
  });

  it('is the same in hexadecimal and in base64, with blanks around it or none', () => {
    const base64 = Buffer.from(newer, 'hex').toString('base64');
    for (const spelt of [newer.toUpperCase(), base64, base64.replace(/=+$/, ''), ` ${newer}\n`])
      expect(nameHasher([spelt]).keyIds, spelt).toEqual(nameHasher([newer]).keyIds);
  });
});

describe('the hash of a name', () => {
  it.each(vectors)('is that of the test vector: $name', ({ key, purpose, kind, value, hash }) => {
    const name = typeof value === 'string' ? value : rowName(value);
    expect(nameHasher([key]).hash(purpose, kind, name)).toBe(hash);
  });

  it('is made under the first key, and looked up under all', () => {
    const both = nameHasher([newer, older]);
    const [now, then] = both.all('ledger', 'email', 'ann@example.org');
    expect(now).toBe(both.hash('ledger', 'email', 'Ann@example.org'));
    expect(then).toBe(nameHasher([older]).hash('ledger', 'email', 'ann@example.org'));
    expect(both.keyIds).toEqual([now?.slice(0, 8), then?.slice(0, 8)]);
  });

  it('differs by purpose and kind, so that lists cannot be joined', () => {
    const hasher = nameHasher([newer]);
    const hashes = (['ledger', 'suppression', 'hold-person', 'hold-row'] as const).flatMap((purpose) => [
      hasher.hash(purpose, 'email', 'ann@example.org'),
      hasher.hash(purpose, 'account.name', 'ann@example.org'),
    ]);
    expect(new Set(hashes).size).toBe(8);
  });

  it('tells rows apart whose keys differ in case, or in where one value ends', () => {
    const hasher = nameHasher([newer]);
    const keys = [['a', 'bc'], ['ab', 'c'], ['abc'], ['A', 'bc']];
    const hashes = keys.map((key) => hasher.hash('hold-row', 'public.t', rowName(key)));
    expect(new Set(hashes).size).toBe(keys.length);
  });
});

describe('Punycode', () => {
  // RFC 3492 §7.1, and what Node makes of labels that IDNA takes as they are.
  it.each([
    ['ليهمابتكلموشعربي؟', 'egbpdaj6bu4bxfgehfvwxn'],
    ['他们为什么不说中文', 'ihqwcrb4cv8a8dqg056pqjye'],
    ['3年b組金八先生', '3b-ww4c5e180e575a65lsy2b'],
    ['そのスピードで', 'd9juau41awczczp'],
  ])('writes %s as RFC 3492 does', (label, expected) => {
    expect(punycode(label)).toBe(expected);
  });

  it('writes what Node writes', () => {
    const letters = fc.constantFrom(...Array.from('abcxyz0189üßñçαβγжшя中文日本語한국어'));
    fc.assert(
      fc.property(fc.string({ unit: letters, minLength: 1, maxLength: 12 }), (label) => {
        const ascii = domainToASCII(label);
        fc.pre(ascii.startsWith('xn--'));
        expect(`xn--${punycode(label)}`).toBe(ascii);
      }),
    );
  });
});

describe("a person's hashes", () => {
  const identity = (own: Partial<Identity>): Identity => ({
    name: 'account.email',
    subject: 'account',
    kind: 'email',
    normalise: ['lower'],
    variants: [],
    ...own,
  });
  const identities = new Map(
    [
      identity({ variants: ['plus-tag'] }),
      identity({ name: 'account.phone', kind: 'phone', normalise: ['digits'] }),
    ].map((one) => [one.name, one]),
  );
  const known = (values: Readonly<Record<string, readonly string[]>>) =>
    new Map(Object.entries(values).map(([kind, list]) => [kind, new Set(list)]));
  const hasher = nameHasher([newer, older]);
  const stored = (values: Parameters<typeof known>[0], by = hasher) =>
    hashesToStore(by, 'hold-person', identities, known(values));
  const isFound = (values: Parameters<typeof known>[0], list: readonly string[]) => {
    const wanted = hashesToFind(hasher, 'hold-person', identities, known(values));
    return list.some((hash) => wanted.has(hash));
  };

  it('are found by every variant that the map has', () => {
    const list = stored({ email: ['ann+news@example.org'] });
    expect(isFound({ email: ['ANN+shop@example.org'] }, list)).toBe(true);
    expect(isFound({ email: ['ann@example.org'] }, list)).toBe(true);
    expect(isFound({ email: ['ann@example.com'] }, list)).toBe(false);
  });

  it('are found that were stored under an older key', () => {
    const list = stored({ email: ['ann@example.org'] }, nameHasher([older]));
    expect(isFound({ email: ['ann@example.org'] }, list)).toBe(true);
    expect(list.every((hash) => hash.startsWith(hasher.keyIds[1] ?? '-'))).toBe(true);
  });

  it('are those of a telephone only where nothing else is known: an office shares it', () => {
    const both = stored({ email: ['ann@example.org'], phone: ['+49 30 1'] });
    expect(isFound({ phone: ['49301'] }, both)).toBe(false);
    expect(isFound({ phone: ['49301'] }, stored({ phone: ['+49 30 1'] }))).toBe(true);
  });

  it('are none of a blank name, which everybody without one would share', () => {
    expect(stored({ email: [' '] })).toEqual([]);
    expect(stored({ phone: ['none'] })).toHaveLength(1);
    expect(isFound({ phone: ['unknown'] }, stored({ phone: ['none'] }))).toBe(false);
  });
});
