import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatSessionKey,
  parseSessionKey,
  type SessionKey,
  wipeSessionKey,
} from '../../src/lib/crypto/openpgp-session-key.ts';
import { usage } from './container-errors.ts';
import { aSessionKey } from './message-fixture.ts';

describe('a session key as text', () => {
  it('is the cipher, a colon and uppercase hexadecimal digits, as gpg has it', () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, index) => index + 0xa0);
    const text = `9:${Buffer.from(bytes).toString('hex').toUpperCase()}`;
    expect(formatSessionKey({ algorithm: 9, bytes })).toBe(text);
    expect(parseSessionKey(text)).toEqual({ algorithm: 9, bytes: Buffer.from(bytes) });
    expect(parseSessionKey(text.toLowerCase())).toEqual(parseSessionKey(text));
  });

  it.each([
    ['7', 16],
    ['8', 24],
    ['9', 32],
  ])('comes back equal for cipher %s', (algorithm, size) => {
    const sessionKey = { algorithm: Number(algorithm), bytes: randomBytes(size) };
    expect(parseSessionKey(formatSessionKey(sessionKey))).toEqual(sessionKey);
  });

  it.each([
    ['nothing', ''],
    ['no cipher', `:${'A1'.repeat(32)}`],
    ['no colon', `9${'A1'.repeat(32)}`],
    ['no key', '9:'],
    ['half an octet', `9:${'A1'.repeat(31)}A`],
    ['an octet less', `9:${'A1'.repeat(31)}`],
    ['an octet more', `9:${'A1'.repeat(33)}`],
    ['the length of another cipher', `9:${'A1'.repeat(16)}`],
    ['Triple DES', `2:${'A1'.repeat(24)}`],
    ['Twofish', `10:${'A1'.repeat(32)}`],
    ['zeros, which is what is left of a wiped key', `9:${'00'.repeat(32)}`],
    ['a line break', `9:${'A1'.repeat(32)}\n`],
    ["gpg's whole line", `gpg: session key: '9:${'A1'.repeat(32)}'`],
    ['letters beyond F', `9:${'G1'.repeat(32)}`],
  ])('is refused with %s, and not quoted', (_name, text) => {
    expect(() => parseSessionKey(text)).toThrow(usage('session-key-invalid'));
    expect(() => parseSessionKey(text)).not.toThrow(/A1A1|G1G1/);
  });

  it('is a session key or refused, whatever the text', () => {
    const anyText = fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{0,3}:?[0-9A-Fa-f]{0,70}$/));
    fc.assert(
      fc.property(anyText, (text) => {
        let sessionKey: SessionKey;
        try {
          sessionKey = parseSessionKey(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'session-key-invalid' });
          return;
        }
        expect(parseSessionKey(formatSessionKey(sessionKey))).toEqual(sessionKey);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is not made of a wiped key', () => {
    const sessionKey = aSessionKey();
    wipeSessionKey(sessionKey);
    expect(() => formatSessionKey(sessionKey)).toThrow(usage('session-key-invalid'));
  });
});
