import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExitCode } from '../../src/lib/base/exit-code.ts';
import type { ColumnPlace } from '../../src/lib/crypto/column-place.ts';
import {
  columnMagic,
  columnValueOverhead,
  openColumnValue,
  readColumnValue,
  sealColumnValue,
  sealColumnValueWithSalt,
} from '../../src/lib/crypto/column-value.ts';
import { columnVectors } from './column-vectors.ts';

const dataKey = randomBytes(32);
const key = { id: '0f8fad5b-d9cb-469f-a165-70867728950e', dataKey };
const place: ColumnPlace = {
  table: 'oauth_token',
  column: 'refresh_token',
  primaryKey: ['17'],
  subject: '4',
};
const secret = Buffer.from('1//a-token-that-nobody-may-see');

const refused = (code: string) => expect.objectContaining({ exitCode: ExitCode.integrity, code });
const keyInvalid = expect.objectContaining({ exitCode: ExitCode.usage, code: 'column-key-invalid' });

function open(value: Uint8Array, at: ColumnPlace = place): Buffer {
  return openColumnValue(value, dataKey, at);
}

describe('the test vectors', () => {
  it.each(columnVectors.vectors)('are sealed and opened: $name', (vector) => {
    const { keyId, salt, plaintext, value, commitment } = vector;
    const sealed = sealColumnValueWithSalt(
      plaintext,
      { id: keyId, dataKey: vector.dataKey, salt },
      vector.place,
    );
    expect(sealed.toString('hex')).toBe(value.toString('hex'));
    expect(openColumnValue(value, vector.dataKey, vector.place).equals(plaintext)).toBe(true);
    expect(readColumnValue(value)).toEqual({
      suite: 1,
      keyId,
      salt,
      commitment,
      ciphertext: value.subarray(86, 86 + plaintext.length),
      tag: value.subarray(86 + plaintext.length),
    });
  });

  it.each(columnVectors.refused)('are refused, $code: $name', (vector) => {
    expect(() => openColumnValue(vector.value, vector.dataKey, vector.place)).toThrow(refused(vector.code));
  });
});

describe('an encrypted column value', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 });
  const anyPlace = fc.record({
    table: text,
    column: text,
    primaryKey: fc.array(text, { minLength: 1, maxLength: 4 }),
    subject: text,
  });

  it('opens in its own place, is 102 bytes longer than its plaintext, and never comes out the same twice', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), anyPlace, fc.uuid(), (plaintext, at, id) => {
        const value = sealColumnValue(plaintext, { id, dataKey }, at);
        expect(value).toHaveLength(plaintext.length + columnValueOverhead);
        expect(readColumnValue(value)).toMatchObject({ suite: 1, keyId: id });
        expect(openColumnValue(value, dataKey, at).equals(plaintext)).toBe(true);
        expect(sealColumnValue(plaintext, { id, dataKey }, at).equals(value)).toBe(false);
      }),
    );
  });

  it('opens in no other place', () => {
    fc.assert(
      fc.property(anyPlace, anyPlace, (at, other) => {
        fc.pre(JSON.stringify(at) !== JSON.stringify(other));
        // Within one table every key has the same number of columns; between tables the names differ.
        fc.pre(at.table !== other.table || at.primaryKey.length === other.primaryKey.length);
        const value = sealColumnValue(secret, key, at);
        expect(() => open(value, other)).toThrow(refused('column-value-moved'));
        for (const part of ['table', 'column', 'primaryKey', 'subject'] as const) {
          if (JSON.stringify(at[part]) === JSON.stringify(other[part])) continue;
          if (part === 'primaryKey' && at[part].length !== other[part].length) continue;
          expect(() => open(value, { ...at, [part]: other[part] })).toThrow(refused('column-value-moved'));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('opens in no row whose key is the same text cut elsewhere', () => {
    const value = sealColumnValue(secret, key, { ...place, primaryKey: ['ab', 'c'] });
    for (const primaryKey of [
      ['a', 'bc'],
      ['abc', ''],
      ['', 'abc'],
      ['c', 'ab'],
    ]) {
      expect(() => open(value, { ...place, primaryKey })).toThrow(refused('column-value-moved'));
    }
  });

  it('is refused with the code that fits, whichever bit is turned', () => {
    const value = sealColumnValue(secret, key, place);
    const codeAt = (offset: number) => {
      if (offset < 4) return 'column-value-plain';
      if (offset < 6) return 'column-value-version';
      return offset < 86 ? 'column-value-key' : 'column-value-moved';
    };
    for (let offset = 0; offset < value.length; offset++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = Buffer.from(value);
        changed[offset] = (value[offset] as number) ^ (1 << bit);
        expect(() => open(changed), `bit ${bit} of byte ${offset}`).toThrow(refused(codeAt(offset)));
      }
    }
    expect(open(value).equals(secret)).toBe(true);
  });

  it('is refused with the code that fits, wherever it is cut short', () => {
    const value = sealColumnValue(secret, key, place);
    for (let length = 0; length < value.length; length++) {
      const code = length < 4 ? 'plain' : length < columnValueOverhead ? 'truncated' : 'moved';
      expect(() => open(value.subarray(0, length)), `${length} bytes`).toThrow(
        refused(`column-value-${code}`),
      );
    }
    expect(() => open(Buffer.concat([value, Buffer.alloc(1)]))).toThrow(refused('column-value-moved'));
  });

  it('is not opened by another data key, although the place is right', () => {
    const value = sealColumnValue(secret, key, place);
    expect(() => openColumnValue(value, randomBytes(32), place)).toThrow(refused('column-value-key'));
  });

  it('of several megabytes opens, and one turned bit in its middle is found', () => {
    const plaintext = randomBytes(3 * 2 ** 20 + 5);
    const value = sealColumnValue(plaintext, key, place);
    expect(open(value).equals(plaintext)).toBe(true);
    value[2 ** 20 + 86] = (value[2 ** 20 + 86] as number) ^ 1;
    expect(() => open(value)).toThrow(refused('column-value-moved'));
  });

  it('may be a view into something larger, and so may the plaintext', () => {
    const value = sealColumnValue(new Uint8Array(secret.buffer, secret.byteOffset, 9), key, place);
    const page = new Uint8Array(value.length + 20);
    page.set(value, 7);
    expect(open(page.subarray(7, 7 + value.length)).equals(secret.subarray(0, 9))).toBe(true);
  });
});

describe('reading bytes as an encrypted value', () => {
  const problems = ['column-value-plain', 'column-value-truncated', 'column-value-version'];
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }).map((rest) => Buffer.concat([columnMagic, rest])),
    fc.uint8Array({ maxLength: 200 }).map((rest) => Buffer.concat([columnMagic, Buffer.from([1, 1]), rest])),
  );

  it('says what they are or what is wrong with them, and never throws', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const read = readColumnValue(value);
        if (typeof read === 'string') {
          expect(problems).toContain(read);
          expect(() => open(value)).toThrow(refused(read));
          return;
        }
        const { salt, commitment, ciphertext, tag } = read;
        expect(Buffer.concat([salt, commitment, ciphertext, tag]).equals(value.subarray(22))).toBe(true);
        expect(read.keyId.replaceAll('-', '')).toBe(Buffer.from(value.subarray(6, 22)).toString('hex'));
        expect(() => open(value)).toThrow(refused('column-value-key'));
      }),
      { numRuns: 1_000 },
    );
  });

  it('tells a version to come before its length, which may be another', () => {
    expect(readColumnValue(Buffer.from('PSTN\x02\x01'))).toBe('column-value-version');
    expect(readColumnValue(Buffer.from('PSTN\x01\x02'))).toBe('column-value-version');
    expect(readColumnValue(Buffer.from('PSTN\x01\x01'))).toBe('column-value-truncated');
  });
});

describe('what cannot be a data key or a place', () => {
  it.each([0, 16, 31, 33, 64])('is refused: a data key of %i bytes', (size) => {
    const value = sealColumnValue(secret, key, place);
    expect(() => openColumnValue(value, randomBytes(size), place)).toThrow(keyInvalid);
    expect(() => sealColumnValue(secret, { ...key, dataKey: randomBytes(size) }, place)).toThrow(keyInvalid);
  });

  it.each(['', '17', '0f8fad5bd9cb469fa16570867728950e', `${key.id}0`, `{${key.id}}`, `${key.id}\n`])(
    'is refused: a key id that is no UUID: %j',
    (id) => {
      expect(() => sealColumnValue(secret, { ...key, id }, place)).toThrow(keyInvalid);
    },
  );

  it('has a salt that no other has, however many are made', () => {
    const salts = Array.from({ length: 1000 }, () =>
      sealColumnValue(Buffer.from('same'), key, place).toString('hex', 22, 54),
    );
    expect(new Set(salts).size).toBe(1000);
  });

  it('is refused: a salt of another size, and a row without a key', () => {
    for (const size of [0, 31, 33]) {
      const salted = { ...key, salt: randomBytes(size) };
      expect(() => sealColumnValueWithSalt(secret, salted, place)).toThrow(RangeError);
    }
    expect(() => sealColumnValue(secret, key, { ...place, primaryKey: [] })).toThrow(RangeError);
  });
});

it('no error says the value, the data key or the place', () => {
  const named = {
    table: 'a-table',
    column: 'a-column',
    primaryKey: ['ada@example.org'],
    subject: 'a-subject',
  };
  const value = sealColumnValue(secret, key, named);
  const attempts: readonly (() => unknown)[] = [
    () => openColumnValue(secret, dataKey, named),
    () => openColumnValue(value.subarray(0, 99), dataKey, named),
    () => openColumnValue(Buffer.from('PSTN\x07\x07ada@example.org'), dataKey, named),
    () => openColumnValue(value, randomBytes(32), named),
    () => openColumnValue(value, dataKey, { ...named, subject: 'b-subject' }),
    () => openColumnValue(value, dataKey.subarray(1), named),
    () => sealColumnValue(secret, { ...key, id: 'ada@example.org' }, named),
  ];
  const told = attempts.map((attempt) => {
    try {
      attempt();
    } catch (error) {
      return inspect(error, { depth: 5 }).replace(/^ {4}at .*$/gm, '');
    }
    throw new Error('nothing was thrown');
  });
  const bytes = dataKey.toString('hex').match(/../g)?.slice(1) ?? [];
  const forbidden = [
    'token-that',
    'a-table',
    'a-column',
    'ada@',
    '-subject',
    bytes.join(''),
    bytes.join(' '),
  ];
  for (const text of told) for (const part of forbidden) expect(text).not.toContain(part);
});
