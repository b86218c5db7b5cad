import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExitCode } from '../../src/lib/base/exit-code.ts';
import { canonicalJson, type JsonValue, parseCanonicalJson } from '../../src/lib/crypto/canonical-json.ts';
import { sha256Hex } from '../../src/lib/crypto/sha256.ts';

/** RFC 8785 appendix B: the bits of a double and its text. */
const numbers: ReadonlyArray<readonly [bits: string, text: string]> = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
];

/** RFC 8785 sections 3.2.2 and 3.2.3, and the test data published with it (json-canonicalization/testdata). */
const documents: ReadonlyArray<readonly [name: string, input: string, output: string]> = [
  [
    'section 3.2.2',
    String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`,
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  ],
  [
    'section 3.2.3',
    String.raw`{
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis"
    }`,
    '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis",' +
      '"€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
  ],
  ['arrays', '[ 56, { "d": true, "10": null, "1": [ ] } ]', '[56,{"1":[],"10":null,"d":true}]'],
  [
    'french',
    '{ "peach": "This sorting order", "péché": "is wrong according to French",' +
      ' "pêche": "but canonicalization MUST", "sin": "ingnore locale" }',
    '{"peach":"This sorting order","péché":"is wrong according to French",' +
      '"pêche":"but canonicalization MUST","sin":"ingnore locale"}',
  ],
  [
    'structures',
    String.raw`{ "1": {"f": {"f": "hi","F": 5} ,"\n": 56.0}, "10": { }, "": "empty", "a": { }, "111": [ { } ], "A": { } }`,
    String.raw`{"":"empty","1":{"\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{}],"A":{},"a":{}}`,
  ],
  [
    'unicode',
    String.raw`{ "Unnormalized Unicode":"\u1e0d\u0307" }`,
    '{"Unnormalized Unicode":"\u1e0d\u0307"}',
  ],
  [
    'values',
    String.raw`{ "numbers": [1E30, 4.50, 333333333.33333329, 2e-3, 0.000000000000000000000000001],
      "escaping": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false] }`,
    String.raw`{"escaping":"€$\u000f\nA'B\"\\\\\"/","literals":[null,true,false],"numbers":[1e+30,4.5,333333333.3333333,0.002,1e-27]}`,
  ],
  [
    'weird',
    String.raw`{
      "\u20ac": "Euro Sign",
      "1": "One",
      "\u0080": "Control\u007f",
      "\ud83d\ude02": "Smiley",
      "\u00f6": "Latin Small Letter O With Diaeresis",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "</script>": "Browser Challenge"
    }`,
    '{"1":"One","</script>":"Browser Challenge",' +
      '"\u0080":"Control\u007f","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😂":"Smiley",' +
      '"\ufb33":"Hebrew Letter Dalet With Dagesh"}',
  ],
];

function doubleOf(bits: string): number {
  return Buffer.from(bits, 'hex').readDoubleBE();
}

describe('canonicalJson', () => {
  it.each(numbers)('writes the double %s as %s (RFC 8785 appendix B)', (bits, text) => {
    expect(canonicalJson(doubleOf(bits))).toBe(text);
  });

  it.each(['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])('refuses the double %s', (bits) => {
    expect(() => canonicalJson(doubleOf(bits))).toThrow(TypeError);
  });

  it.each(documents)('gives the published output for %s', (_name, input, output) => {
    expect(canonicalJson(JSON.parse(input) as JsonValue)).toBe(output);
  });

  it('gives the published bytes of section 3.2.4', () => {
    const value = JSON.parse(documents[0]?.[1] ?? '') as JsonValue;
    expect(Buffer.from(canonicalJson(value)).toString('hex')).toBe(
      '7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b333333333333333333' +
        '2e333333333333332c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c7530' +
        '3030665c6e4127425c225c5c5c5c5c222f227d',
    );
  });

  it.each([
    ['undefined', undefined],
    ['a bigint', 1n],
    ['a symbol', Symbol('s')],
    ['a function', () => 1],
    ['a date', new Date(0)],
    ['a buffer', Buffer.from('a')],
    ['a map', new Map()],
    ['an undefined member', { a: undefined }],
    ['a hole', Array(2)],
    ['a lone high surrogate', '\ud800'],
    ['a lone low surrogate in a key', { '\udc00': 1 }],
  ])('refuses %s', (_name, value) => {
    expect(() => canonicalJson(value as JsonValue)).toThrow(TypeError);
  });

  it('refuses a cycle instead of running out of stack', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => canonicalJson(cycle as JsonValue)).toThrow(/nest deeper/);
  });

  it('keeps a member named __proto__', () => {
    expect(canonicalJson(JSON.parse('{"a":1,"__proto__":2}') as JsonValue)).toBe('{"__proto__":2,"a":1}');
  });

  it('does not depend on the order in which members were added', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (object) => {
        const reversed = Object.fromEntries(Object.entries(object).toReversed());
        expect(canonicalJson(reversed as JsonValue)).toBe(canonicalJson(object as JsonValue));
      }),
    );
  });
});

describe('parseCanonicalJson', () => {
  it('reads back every value that canonicalJson writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        const text = canonicalJson(value as JsonValue);
        expect(canonicalJson(parseCanonicalJson(text))).toBe(text);
        expect(parseCanonicalJson(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('reads any double back exactly', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(parseCanonicalJson(canonicalJson(value))).toBe(value === 0 ? 0 : value);
      }),
    );
  });

  it.each([
    ['white space', '{"a": 1}'],
    ['a trailing newline', '{"a":1}\n'],
    ['another key order', '{"b":1,"a":2}'],
    ['a duplicate key', '{"a":1,"a":1}'],
    ['another number spelling', '[1.0]'],
    ['minus zero', '[-0]'],
    ['a number beyond a double', '[1e999]'],
    ['an unneeded escape', String.raw`["\u0041"]`],
    ['a lone surrogate', String.raw`["\ud800"]`],
    ['a byte order mark', '\ufeff{}'],
    ['text cut short', '{"a":'],
    ['nothing', ''],
    ['nesting without end', '['.repeat(100_000) + ']'.repeat(100_000)],
  ])('refuses %s', (_name, text) => {
    expect(() => parseCanonicalJson(text)).toThrow(
      expect.objectContaining({ exitCode: ExitCode.integrity, code: 'not-canonical-json' }),
    );
  });

  it('answers any text with a value or an integrity error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        try {
          expect(canonicalJson(parseCanonicalJson(text))).toBe(text);
        } catch (error) {
          expect(error).toMatchObject({ exitCode: ExitCode.integrity });
        }
      }),
    );
  });
});

describe('sha256Hex', () => {
  it('gives the FIPS 180-4 digest of "abc", as text and as bytes', () => {
    const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(sha256Hex('abc')).toBe(digest);
    expect(sha256Hex(Buffer.from('abc'))).toBe(digest);
  });
});
