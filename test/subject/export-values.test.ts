import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  safeFileName,
  safeKey,
  safeLabel,
  safeName,
} from '../../src/lib/subject/export/archive/safe-name.ts';
import { mboxEntry } from '../../src/lib/subject/export/message/mbox.ts';
import { csvLine } from '../../src/lib/subject/export/row/csv.ts';
import { replaceAt, replaceStrings } from '../../src/lib/subject/export/row/json-places.ts';

test('names in an archive are safe, and never the same for two rows', () => {
  expect(safeName('4711')).toBe('4711');
  expect(safeName('0a225f98-10c0-4aea-ba41-841d3eaabcc6')).toBe('0a225f98-10c0-4aea-ba41-841d3eaabcc6');
  const odd = [
    '../x',
    '..',
    '.',
    '',
    '/etc',
    'a/b',
    'a.b',
    'A',
    'con',
    'nul',
    'ü',
    'a\0b',
    'a\\b',
    'a~b',
    'x'.repeat(300),
  ];
  for (const name of odd) expect(safeName(name), name).toMatch(/^[A-Za-z0-9_-]*~[0-9a-f]{10}$/);
  expect(safeLabel(['mail', 'messages'])).toBe('mail.messages');
  expect(safeLabel(['..', 'x/y'])).toMatch(/^~[0-9a-f]{10}\.x_y~[0-9a-f]{10}$/);
  expect(safeKey(['1', '2'])).toBe('1-2');
  expect(safeKey(['a-b', 'c'])).not.toBe(safeKey(['a', 'b-c']));

  const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('a', 'A', '-', '.', '~', '_', '/') }));
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(safeName(a)).toMatch(/^[A-Za-z0-9_~-]{1,111}$/);
      fc.pre(a !== b);
      expect(safeName(a).toLowerCase()).not.toBe(safeName(b).toLowerCase());
    }),
  );
  const pair = fc.tuple(text, text);
  fc.assert(
    fc.property(pair, pair, (a, b) => {
      fc.pre(a[0] !== b[0] || a[1] !== b[1]);
      expect(safeKey(a).toLowerCase()).not.toBe(safeKey(b).toLowerCase());
    }),
  );
  // Whatever somebody called a file, its row's key tells it from the others.
  fc.assert(
    fc.property(text, text, text, text, (key, given, other, otherGiven) => {
      fc.pre(key !== other);
      const name = safeFileName(safeName(key), given, '.bin');
      expect(name).toMatch(/^[A-Za-z0-9~_-][A-Za-z0-9._~-]*\.[a-z0-9]{1,8}$/);
      expect(name.toLowerCase()).not.toBe(safeFileName(safeName(other), otherGiven, '.bin').toLowerCase());
    }),
  );
});

test('a cell of CSV is a text, whatever it begins with', () => {
  const line = (...texts: readonly (string | null)[]) => csvLine(texts.map((text) => ({ text })));
  expect(line('=1+1', '+1', '-1', '@x', '\tx', '\rx', 'a=b')).toBe(
    `'=1+1,'+1,'-1,'@x,"'\tx","'\rx",a=b\r\n`.replace(`"'\tx"`, `'\tx`),
  );
  expect(line(null, '', ' x', 'a"b', 'a,b', 'a\nb')).toBe(',""," x","a""b","a,b","a\nb"\r\n');
  expect(csvLine([{ text: '-1.5', isNumber: true }])).toBe('-1.5\r\n');
});

test('what stands at a path of a document is replaced, and every other byte stays', () => {
  const at = (text: string, path: string) => replaceAt(text, path, (value) => `<${value}>`);
  expect(at('{"a": [{"b": "x"}, {"b": "y", "c": 1}]}', '$.a[*].b')).toBe(
    '{"a": [{"b": "<x>"}, {"b": "<y>", "c": 1}]}',
  );
  expect(at('{"a": [{"b": "x"}]}', '$.a.b')).toBe('{"a": [{"b": "<x>"}]}');
  expect(at('{"a b": {"c": {"d": 1}}}', '$."a b".*')).toBe('{"a b": {"c": "<{\\"d\\": 1}>"}}');
  expect(at('["x", "y"]', '$[1]')).toBe('["x", "<y>"]');
  expect(at('{"x": 1.10}', '$.y')).toBe('{"x": 1.10}');
  expect(at('{"*": "x", "b": "y"}', '$."*"')).toBe('{"*": "<x>", "b": "y"}');
  // A number beyond 2^53, one that no double holds, and a key that is there twice.
  expect(at('{"n": 9007199254740993, "m": 1e400, "n": 2, "t": "x"}', '$.t')).toBe(
    '{"n": 9007199254740993, "m": 1e400, "n": 2, "t": "<x>"}',
  );
});

test.each([
  // As PostgreSQL follows them: `[*]` and `[0]` of anything is itself, a list is asked through its elements.
  ['$.api[*].token', '{"api": {"token": "x"}}'],
  ['$.api[0].token', '{"api": {"token": "x"}}'],
  ['$.*.token', '[{"api": {"token": "x"}}]'],
  ['$.**.token', '{"a": {"b": [{"token": "x"}]}}'],
  ['strict $.token', '{"token": "x"}'],
  ['$.a[1 to last]', '{"a": ["y", "x"]}'],
])('a secret at %s is found in %s', (path, document) => {
  expect(replaceAt(document, path, () => 'gone')).toBe(document.replace('"x"', '"gone"'));
});

test.each(['$.a ? (@ > 1)', '$.a.keyvalue()', '$."\\x41"'])('nobody knows what %s would find', (path) => {
  expect(replaceAt('{}', path, () => 'x')).toBeUndefined();
  expect(replaceStrings('{"a": {"b": ["x", 1]}}', path, (value) => `<${value}>`)).toBe(
    '{"a": {"b": ["<x>", 1]}}',
  );
});

test('an mbox keeps apart what begins like a message', () => {
  expect(
    mboxEntry(Buffer.from('Date: nonsense\r\n\r\nFrom x\r\n>From y\r\n>>From z\r\nfrom a')).toString(),
  ).toBe(
    'From MAILER-DAEMON Thu Jan  1 00:00:00 1970\nDate: nonsense\n\n>From x\n>>From y\n>>>From z\nfrom a\n\n',
  );
  // One that came with the message is not a line of its header, and a carriage return alone ends no line of an mbox.
  expect(mboxEntry(Buffer.from('From a@x Thu\r\nSubject: x\r\n\r\nb\rFrom c\r\n')).toString()).toBe(
    'From MAILER-DAEMON Thu Jan  1 00:00:00 1970\nSubject: x\n\nb\rFrom c\n\n',
  );
});
