import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { expect, test } from 'vitest';
import {
  dateText,
  encodedText,
  encodePart,
  headerBlock,
  mailboxText,
  multipart,
  quotedPrintable,
} from '../../src/lib/sandbox/generate/mime.ts';

const parse = (fields: readonly (readonly [string, string])[], body: string) =>
  PostalMime.parse(`${headerBlock([...fields, ['MIME-Version', '1.0']])}\r\n${body}`);

// What a header may carry: no control characters, and no surrounding blanks, which folding does not keep.
const phrase = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 120 })
  .map((text) =>
    text
      .replaceAll(/[\p{Cc}\p{Cs}]/gu, '')
      .replaceAll(/\s+/gu, ' ')
      .trim(),
  )
  .filter((text) => text !== '' && !text.includes('=?'));

test('any subject comes back as it was', async () => {
  await fc.assert(
    fc.asyncProperty(phrase, async (subject) => {
      const mail = await parse([['Subject', encodedText(subject)]], 'x\r\n');
      expect(mail.subject).toBe(subject);
    }),
    { numRuns: 200 },
  );
});

test('a name and its address come back as they were', async () => {
  for (const name of [
    'Ada Berg',
    "Erin O'Brien",
    'Łukasz Öztürk',
    'Žiga Großmann-García de la Peña y Dąbrowski-Yılmaz',
  ]) {
    const mail = await parse([['From', mailboxText(name, 'a@b.example')]], 'x\r\n');
    expect(mail.from).toMatchObject({ name, address: 'a@b.example' });
  }
});

test('no line of a folded header or a quoted-printable body is too long, and none loses a character', () => {
  const long = headerBlock([
    ['References', Array.from({ length: 40 }, (_, i) => `<${i}.1234567890@x.example>`).join(' ')],
  ]);
  expect(Math.max(...long.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(78);
  expect(long.replaceAll('\r\n ', ' ')).toContain('<0.1234567890@x.example> <1.');
  const lines = quotedPrintable(`${'Größe = äöü '.repeat(40)}\r\nend`).split('\r\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(76);
});

test('any text comes back from quoted-printable', async () => {
  const line = fc
    .string({ unit: 'grapheme', maxLength: 200 })
    .map((text) => text.replaceAll(/[\r\n\p{Cs}]/gu, ''));
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 5 }), async (lines) => {
      const text = `é${lines.join('\n')}`;
      const { fields, body } = encodePart({
        contentType: 'text/plain',
        content: text.replaceAll('\n', '\r\n'),
      });
      const mail = await parse(fields, body);
      expect(mail.text?.replaceAll('\r\n', '\n').replace(/\n$/, '')).toBe(text.replace(/\n$/, ''));
    }),
    { numRuns: 200 },
  );
});

test('attachments of any bytes and names come back', async () => {
  const content = Buffer.from(Array.from({ length: 1000 }, (_, index) => (index * 7) & 255));
  const { fields, body } = multipart('mixed', 'b0', [
    encodePart({ contentType: 'text/plain', content: 'hello\r\n' }),
    encodePart({ contentType: 'application/pdf', content, filename: 'a b.pdf' }),
    encodePart({ contentType: 'image/png', content, filename: 'Übersicht 1.png' }),
  ]);
  const mail = await parse(fields, body);
  expect(mail.attachments.map(({ filename }) => filename)).toEqual(['a b.pdf', 'Übersicht 1.png']);
  expect(Buffer.from(mail.attachments[0]?.content as ArrayBuffer).equals(content)).toBe(true);
});

test('a date names the same moment in every zone', () => {
  const time = Date.UTC(2026, 5, 30, 23, 5, 9);
  for (const offset of [-7, 0, 5, 13]) expect(Date.parse(dateText(time, offset))).toBe(time);
  expect(dateText(time, 2)).toBe('Wed, 1 Jul 2026 01:05:09 +0200');
});
