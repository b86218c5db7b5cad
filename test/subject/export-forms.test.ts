import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { unpacked } from '../../src/lib/subject/export/message/unpacked.ts';
import { wholeMessage } from '../../src/lib/subject/export/message/whole-message.ts';
import { tableFiles } from '../../src/lib/subject/export/row/table-files.ts';
import { jsonOf } from '../../src/lib/subject/export/row/value.ts';
import { type ContactColumns, vcardOf } from '../../src/lib/subject/export/row/vcard.ts';

// The forms in which other programs take an export.

const columns: ContactColumns = {
  vcard: 'vcard',
  names: ['display', 'sort', 'given', 'family'],
  first: ['first'],
  last: ['last'],
  emails: ['emails'],
  phones: ['phones'],
};

const card = (texts: Readonly<Record<string, readonly string[]>>): readonly string[] | undefined =>
  vcardOf(columns, (column) => texts[column] ?? [])
    ?.trimEnd()
    .split('\r\n')
    .slice(1, -1);

test('a contact has all of its names, addresses and numbers, each once', () => {
  expect(
    card({
      display: ['Ann Smith'],
      sort: ['ann smith'],
      given: ['Ann'],
      family: ['Smith'],
      emails: ['a@x.example', 'home', 'b@x.example', 'a@x.example'],
      phones: ['work', '+1 1'],
    }),
  ).toEqual(['VERSION:4.0', 'FN:Ann Smith', 'EMAIL:a@x.example', 'EMAIL:b@x.example', 'TEL;VALUE=text:+1 1']);
  expect(card({ given: ['Ann'], family: ['Smith'] })).toEqual(['VERSION:4.0', 'FN:Ann Smith']);
  expect(card({ first: ['Ann'], last: ['Smith, Jr.'] })).toEqual([
    'VERSION:4.0',
    String.raw`FN:Ann Smith\, Jr.`,
    String.raw`N:Smith\, Jr.;Ann;;;`,
  ]);
  expect(card({ emails: [] })).toBeUndefined();
});

test('no name of a contact begins a line of its own, and no card takes the next one for a part of it', () => {
  for (const end of ['\r', '\n', '\r\n', '\v', '\f', '\u0085', '\u2028', '\u2029'])
    expect(card({ display: [`Ann${end}EMAIL:b@x.example`] }), JSON.stringify(end)).toEqual([
      'VERSION:4.0',
      String.raw`FN:Ann\nEMAIL:b@x.example`,
    ]);
  expect(card({ vcard: ['BEGIN:VCARD\nVERSION:3.0\nFN:Ann'], display: ['Ann'] })).toEqual([
    'VERSION:4.0',
    'FN:Ann',
  ]);
  expect(card({ vcard: ['BEGIN:VCARD\rVERSION:3.0\rFN:Ann\rEND:VCARD\r'] })).toEqual([
    'VERSION:3.0',
    'FN:Ann',
  ]);
});

test('a header tells of the body that is there, and keeps what it told of the one that travelled', () => {
  const whole = (header: string, body: string, as?: 'text/plain' | 'text/html') =>
    wholeMessage(Buffer.from(header), Buffer.from(body), as).toString();
  const multipart = 'Subject: x\r\nContent-Type: multipart/alternative;\r\n boundary=b\r\nTo: a@x.example';
  expect(whole(multipart, 'ü', 'text/plain')).toBe(
    'Subject: x\r\nX-Original-Content-Type: multipart/alternative;\r\n boundary=b\r\nTo: a@x.example\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nü',
  );
  expect(whole(multipart, 'ü')).toBe(`${multipart}\r\n\r\nü`);
  expect(whole('Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n', '<p>', 'text/html')).toBe(
    'X-Original-Content-Type: text/html\nX-Original-Content-Transfer-Encoding: base64\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n<p>',
  );
  for (const fits of ['Subject: x\n', 'Subject: x\nContent-Type: text/plain; charset="UTF-8"\n'])
    expect(whole(fits, 'x', 'text/plain')).toBe(`${fits}\nx`);
});

test('a message that a store compressed is opened, and what cannot be is left', () => {
  const message = Buffer.from('Bcc: b@x.example\r\n\r\nx');
  for (const packed of [gzipSync(message), zstdCompressSync(message)]) {
    expect(unpacked(packed, 1000)).toEqual(message);
    expect(unpacked(packed, 10)).toBe(packed);
    expect(unpacked(packed.subarray(0, 12), 1000)).toEqual(packed.subarray(0, 12));
  }
  expect(unpacked(message, 1000)).toBe(message);
});

test('a row is a line of JSON, and its files have a name that no column has', async () => {
  expect(jsonOf(Buffer.from('{"a": 1,\r\n "b": "x\\ny"}'), 'json')).toBe('{"a": 1,  "b": "x\\ny"}');
  const written = new Map<string, string>();
  const archive = {
    create: (path: string) => ({
      size: 0,
      write: (chunk: Uint8Array | string) => {
        written.set(path, `${written.get(path) ?? ''}${chunk.toString()}`);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
      discard: () => Promise.resolve(),
    }),
  };
  const files = tableFiles(archive as never, {
    folder: 't',
    columns: [{ name: 'files', form: 'text' }],
    rollAt: undefined,
  });
  await files.write([Buffer.from('mine')], ['t/1.eml']);
  await files.close();
  expect(JSON.parse(written.get('t/rows.json') ?? '')).toEqual([{ files: 'mine', files_: ['t/1.eml'] }]);
  expect(written.get('t/rows.csv')).toBe('files,files_\r\nmine,t/1.eml\r\n');
});
