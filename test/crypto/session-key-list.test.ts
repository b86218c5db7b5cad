import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExitCode } from '../../src/lib/base/exit-code.ts';
import { canonicalJson, type JsonObject } from '../../src/lib/crypto/canonical-json.ts';
import { formatSessionKey, type SessionKey } from '../../src/lib/crypto/openpgp-session-key.ts';
import {
  formatSessionKeyList,
  parseSessionKeyList,
  type SessionKeyList,
  wipeSessionKeyList,
} from '../../src/lib/crypto/session-key-list.ts';

const invalid = expect.objectContaining({ exitCode: ExitCode.integrity, code: 'session-keys-invalid' });

const keyText = `9:${'A1'.repeat(32)}`;
const document = {
  format: 'postern-session-keys',
  version: 1,
  setId: '20260301T020000Z-9f2c41d0',
  manifestSha256: 'ab'.repeat(32),
  keys: { 'manifest.json.pgp': keyText, 'platform/20-pre-data.sql.zst.pgp': `7:${'0F'.repeat(16)}` },
};

function aList(names: readonly string[]): SessionKeyList {
  const keys = new Map(
    names.map((name): [string, SessionKey] => [name, { algorithm: 9, bytes: randomBytes(32) }]),
  );
  return { setId: document.setId, manifestSha256: document.manifestSha256, keys };
}

function parse(value: JsonObject): SessionKeyList {
  return parseSessionKeyList(Buffer.from(canonicalJson(value)));
}

describe('a list of session keys', () => {
  it('is canonical JSON in the form that the documentation gives', () => {
    const list = parse(document);
    expect(list.setId).toBe(document.setId);
    expect(list.manifestSha256).toBe(document.manifestSha256);
    expect(Array.from(list.keys, ([name, key]) => [name, formatSessionKey(key)])).toEqual(
      Object.entries(document.keys),
    );
    expect(formatSessionKeyList(list).toString()).toBe(canonicalJson(document));
  });

  it('comes back equal, whatever the names', () => {
    const segment = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter((text) => !/[\\/\p{Cc}]/u.test(text) && text !== '.' && text !== '..');
    const names = fc.uniqueArray(
      fc.oneof(
        fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
        fc.constant('__proto__'),
      ),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(names, (each) => {
        const list = aList(each);
        const again = parseSessionKeyList(formatSessionKeyList(list));
        expect([...again.keys.keys()].sort()).toEqual([...each].sort());
        for (const [name, key] of list.keys) {
          expect(formatSessionKey(again.keys.get(name) as SessionKey)).toBe(formatSessionKey(key));
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each<[string, JsonObject]>([
    ['of another format', { ...document, format: 'postern-backup-set' }],
    ['without a version', { ...document, version: '1' }],
    ['of version 0', { ...document, version: 0 }],
    ['of version 1.5', { ...document, version: 1.5 }],
    ['with a member more', { ...document, note: '' }],
    ['with a set id that climbs', { ...document, setId: '../other' }],
    ['with an empty set id', { ...document, setId: '' }],
    ['with an uppercase hash', { ...document, manifestSha256: 'AB'.repeat(32) }],
    ['with a short hash', { ...document, manifestSha256: 'ab'.repeat(31) }],
    ['without keys', { ...document, keys: {} }],
    ['with a list of keys', { ...document, keys: [keyText] }],
    ['with null for keys', { ...document, keys: null }],
    ['with a key that is no text', { ...document, keys: { a: 9 } }],
    ['with a lowercase key', { ...document, keys: { a: keyText.toLowerCase() } }],
    ['with a short key', { ...document, keys: { a: '9:A1A1' } }],
    ['with a key for Triple DES', { ...document, keys: { a: `2:${'A1'.repeat(24)}` } }],
    ['with a wiped key', { ...document, keys: { a: `9:${'00'.repeat(32)}` } }],
    ['with an empty name', { ...document, keys: { '': keyText } }],
    ['with an absolute name', { ...document, keys: { '/a': keyText } }],
    ['with a name that climbs', { ...document, keys: { 'a/../../b': keyText } }],
    ['with a name of this folder', { ...document, keys: { './a': keyText } }],
    ['with a backslash in a name', { ...document, keys: { 'a\\b': keyText } }],
    ['with a line break in a name', { ...document, keys: { 'a\nb': keyText } }],
    ['with a name of 1,001 characters', { ...document, keys: { ['a'.repeat(1_001)]: keyText } }],
  ])('is refused %s', (_name, value) => {
    expect(() => parse(value)).toThrow(invalid);
  });

  it.each(Object.keys(document))('is refused without its %s', (member) => {
    const { [member]: _left, ...rest } = document as JsonObject;
    expect(() => parse(rest)).toThrow(invalid);
  });

  it('of a later version is refused as that, whatever else it holds', () => {
    expect(() => parse({ ...document, version: 2, keys: [], more: true })).toThrow(
      expect.objectContaining({ exitCode: ExitCode.refused, code: 'session-keys-newer' }),
    );
  });

  it.each([
    ['with white space', ` ${canonicalJson(document)}`],
    ['with a line behind it', `${canonicalJson(document)}\n`],
    ['with a mark of byte order', `\u{feff}${canonicalJson(document)}`],
    [
      'with a name twice',
      canonicalJson(document).replace('"keys":{', `"keys":{"manifest.json.pgp":"${keyText}",`),
    ],
    ['in another order', JSON.stringify(document)],
    ['cut short', canonicalJson(document).slice(0, -1)],
    ['that is null', 'null'],
    ['that is an array', '[]'],
    ['that is nothing', ''],
  ])('is refused %s', (_name, text) => {
    expect(() => parseSessionKeyList(Buffer.from(text))).toThrow(invalid);
  });

  it('is refused with bytes that are no UTF-8', () => {
    const bytes = Buffer.from(canonicalJson(document));
    bytes[bytes.indexOf('manifest.json')] = 0xff;
    expect(() => parseSessionKeyList(bytes)).toThrow(invalid);
  });

  it('is never quoted by an error, nor by its causes', () => {
    const text = canonicalJson(document);
    for (let offset = 0; offset < text.length; offset++) {
      const changed = `${text.slice(0, offset)}#${text.slice(offset + 1)}`;
      try {
        parseSessionKeyList(Buffer.from(changed));
      } catch (error) {
        expect(inspect(error)).not.toMatch(/A1A1|0F0F/);
      }
    }
  });

  it('is a list or refused, whatever byte was changed', () => {
    const bytes = Buffer.from(canonicalJson(document));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (offset, value, length) => {
        const changed = Buffer.from(bytes);
        changed[offset] = value;
        let list: SessionKeyList;
        try {
          list = parseSessionKeyList(changed.subarray(0, length + 1));
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^session-keys-(invalid|newer)$/) });
          return;
        }
        expect(formatSessionKeyList(list).equals(changed)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is not written with what could not be read again', () => {
    const list = aList(['a']);
    expect(() => formatSessionKeyList({ ...list, setId: '' })).toThrow(invalid);
    expect(() => formatSessionKeyList({ ...list, manifestSha256: '' })).toThrow(invalid);
    expect(() => formatSessionKeyList(aList([]))).toThrow(invalid);
    expect(() => formatSessionKeyList(aList(['../a']))).toThrow(invalid);
  });

  it('holds no keys after it was wiped', () => {
    const list = parse(document);
    wipeSessionKeyList(list);
    for (const { bytes } of list.keys.values()) expect(bytes.every((octet) => octet === 0)).toBe(true);
    expect(() => formatSessionKeyList(list)).toThrow(
      expect.objectContaining({ exitCode: ExitCode.usage, code: 'session-key-invalid' }),
    );
  });
});
