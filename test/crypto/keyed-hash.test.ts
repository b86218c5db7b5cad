import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { keyedHash } from '../../src/lib/crypto/keyed-hash.ts';
import { projectRoot } from '../support/cli.ts';

const hex = z
  .string()
  .regex(/^(?:[0-9a-f]{2})*$/)
  .transform((digits) => Buffer.from(digits, 'hex'));
const request = {
  name: z.string(),
  key: hex,
  value: hex,
  normalise: z.array(z.enum(['trim', 'lower', 'nfc'])),
  bits: z.int(),
};

/** The test vectors of docs/formats/keyed-hash.md, which the example in Python wrote and not the code under test. */
const { vectors, refused } = z
  .strictObject({
    format: z.literal('postern-keyed-hash-vectors'),
    version: z.literal(1),
    vectors: z.array(z.strictObject({ ...request, hash: hex })).min(15),
    refused: z.array(z.strictObject({ ...request, code: z.string() })).min(2),
  })
  .parse(JSON.parse(readFileSync(join(projectRoot, 'docs/formats/keyed-hash-vectors.json'), 'utf8')));

const key = randomBytes(32);

describe('a keyed hash', () => {
  it.each(vectors)('is that of the test vector: $name', ({ key: own, value, hash, ...rule }) => {
    const found = keyedHash(own, value, rule);
    expect(Buffer.from(found).toString('hex')).toBe(hash.toString('hex'));
  });

  it.each(refused)('is refused with its code: $name', ({ key: own, value, code, ...rule }) => {
    expect(keyedHash(own, value, rule)).toBe(code);
  });

  it('is HMAC-SHA-256 of bytes as they are where nothing is normalised, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 4, max: 32 }), (value, bytes) => {
        const whole = createHmac('sha256', key).update(value).digest();
        expect(keyedHash(key, value, { normalise: [], bits: bytes * 8 })).toEqual(whole.subarray(0, bytes));
      }),
    );
  });

  it('is one for all spellings that the steps make one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.nat(5), (text, blanks) => {
        const rule = { normalise: ['trim', 'nfc', 'lower', 'nfc'] as const, bits: 256 };
        const plain = text.trim();
        const spelt = `${' \t\n\v\f\r'.slice(0, blanks)}${plain.normalize('NFD')}${' \t\n\v\f\r'.slice(blanks)}`;
        expect(keyedHash(key, Buffer.from(spelt), rule)).toEqual(keyedHash(key, Buffer.from(plain), rule));
      }),
    );
  });

  it('takes no longer for white space inside than for other text', () => {
    const value = Buffer.from(`a${' '.repeat(2_000_000)}b`);
    const startedAt = performance.now();
    keyedHash(key, value, { normalise: ['trim'], bits: 256 });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
