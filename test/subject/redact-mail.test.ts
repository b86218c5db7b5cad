import { describe, expect, test } from 'vitest';
import type { Identity } from '../../src/lib/subject/identity/identities.ts';
import { nameSet, type Parser, redactor } from '../../src/lib/subject/redact/index.ts';

const email: Identity = {
  name: 'contact.email',
  subject: 'contact',
  kind: 'email',
  normalise: ['trim', 'lower', 'nfc'],
  variants: ['plus-tag'],
};
const known = new Map([['email', new Set(['ann@example.org', 'ann smith@example.org'])]]);
const names = nameSet(known, new Map([[email.name, email]]));
const options = { placeholder: 'erased@erased.invalid', text: 'erased' };
const redact = redactor(names, options);

const inside = (content: string, parser: Parser = 'rfc5322'): string | undefined =>
  redact.inside(Buffer.from(content), parser, email)?.toString();
const base64 = (text: string) => Buffer.from(text).toString('base64');
const crlf = (...lines: readonly string[]) => lines.join('\r\n');

describe('in a list of addresses', () => {
  test.each([
    ['Ann Example <ann@example.org>', '<erased@erased.invalid>'],
    [
      '"Ann, \\"the\\" Example" <ann@example.org>, Bob <b@c.example>',
      '<erased@erased.invalid>, Bob <b@c.example>',
    ],
    ['ann@example.org (Ann (E) Example), b@c.example (Bob)', 'erased@erased.invalid, b@c.example (Bob)'],
    ['=?utf-8?q?Ann_Ex=C3=A4mple?= <ann@example.org>', '<erased@erased.invalid>'],
    [
      'Bob <b@c.example>,\r\n\t"Ann" <ANN+x@Example.org>,\r\n Joan <joann@example.org>',
      'Bob <b@c.example>,\r\n\t<erased@erased.invalid>,\r\n Joan <joann@example.org>',
    ],
    ['"Ann"\r\n <ann@example.org>', '<erased@erased.invalid>'],
    // One a line, or with nothing but a blank between them: another address is no name.
    ['b@c.example\nd@e.example\nann@example.org', 'b@c.example\nd@e.example\nerased@erased.invalid'],
    [
      'b@c.example\r\n"Ann" <ann@example.org>\r\nBob\r\n',
      'b@c.example\r\n<erased@erased.invalid>\r\nBob\r\n',
    ],
    ['b@c.example ann@example.org', 'b@c.example erased@erased.invalid'],
    ['b%40c.example ann%40example.org', 'b%40c.example erased%40erased.invalid'],
    ['Ann Example ann@example.org', 'erased@erased.invalid'],
    [
      'Team: "Ann" <ann@example.org>, Bob <b@c.example>;, x@y.example',
      'Team: <erased@erased.invalid>, Bob <b@c.example>;, x@y.example',
    ],
    ['<@relay.example,@b.example:ann@example.org>', '<erased@erased.invalid>'],
    ['ann (a comment) @ example . org', 'erased@erased.invalid'],
    ['"ann"@example.org', 'erased@erased.invalid'],
    ['"ann smith"@example.org', 'erased@erased.invalid'],
    ['Ann Example ann@example.org', 'erased@erased.invalid'],
    [
      'from mx.c.example by mail.example with SMTP\r\n for <ann@example.org>; Mon, 5 Jan 2026 10:00:00 +0000',
      'from mx.c.example by mail.example with SMTP\r\n for <erased@erased.invalid>; Mon, 5 Jan 2026 10:00:00 +0000',
    ],
    ['From Ann <ann@example.org>; b@c.example', '<erased@erased.invalid>; b@c.example'],
    ['"ann@example.org via list" <list@c.example>', '"erased@erased.invalid via list" <list@c.example>'],
    [
      '=?utf-8?q?ann=40example.org_via_list?= <list@c.example>',
      '=?utf-8?q?erased=40erased=2Einvalid_via_list?= <list@c.example>',
    ],
    [
      'Bob <b@c.example> Ann <ann@example.org> Eve <e@c.example>',
      'Bob <b@c.example> <erased@erased.invalid> Eve <e@c.example>',
    ],
    ['b@c.example; ann@example.org; e@c.example', 'b@c.example; erased@erased.invalid; e@c.example'],
    ['Ann <ann@example.org', '<erased@erased.invalid>'],
    ['"Ann <ann@example.org>', '<erased@erased.invalid>'],
    ['(Ann <ann@example.org>', '<erased@erased.invalid>'],
    ['<<ann@example.org>>', '<<erased@erased.invalid>>'],
    ['Ann <ann@example.org, Bob <b@c.example>', '<erased@erased.invalid>, Bob <b@c.example>'],
    ['ann@example.org', 'erased@erased.invalid'],
    ['ann@example.org.', 'erased@erased.invalid'],
    ['Ann <ann&#64;example.org>', '<erased@erased.invalid>'],
    [
      'O&#39;Ann <o&#39;ann@example.org>; Ann <ann@example.org>',
      'O&#39;Ann <o&#39;ann@example.org>; <erased@erased.invalid>',
    ],
  ])('%j', (list, expected) => {
    expect(inside(list, 'address-list')).toBe(expected);
    expect(inside(expected, 'address-list')).toBeUndefined();
  });

  test('the name stays where only the address changes', () => {
    const rename = redactor(names, { placeholder: 'anna@new.example', text: '', displayNames: 'kept' });
    const renamed = rename.inside(Buffer.from('"Ann" <ann@example.org>, x@y.example'), 'address-list', email);
    expect(renamed?.toString()).toBe('"Ann" <anna@new.example>, x@y.example');
  });
});

describe('in a message', () => {
  test('a header block keeps its order, folding and everything else', () => {
    const block = (to: string, word: string, address: string) =>
      crlf(
        `Return-Path: <${address}>`,
        'Received: from mx.example (mx.example [192.0.2.1])',
        `\tby in.example with ESMTP id 4711 for <${address}>;`,
        '\tMon, 1 Jun 2026 10:00:00 +0200',
        'DKIM-Signature: v=1; d=example.org; b=abc',
        'From: "Bob" <bob@c.example>',
        `TO : Joan <joann@example.org>,`,
        `  ${to},`,
        '\tEve <eve@c.example>',
        `Subject: ${word}`,
        `Message-ID: <1.${address}>`,
        '',
        '',
      );
    const word = (text: string) => `=?UTF-8?B?${base64(text)}?=`;
    expect(
      inside(block('"Ann Example" <ann@example.org>', word('Grüße an ann@example.org!'), 'ann@example.org')),
    ).toBe(
      block(
        '<erased@erased.invalid>',
        word('Grüße an erased@erased.invalid!'),
        'erased@erased.invalid',
      ).replace('Message-ID: <1.erased@erased.invalid>', 'Message-ID: <1.ann@example.org>'),
    );
  });

  test('parts are decoded, and only those that hold a name are encoded again', () => {
    const long = 'é'.repeat(60);
    const qp = (address: string) =>
      crlf('untouched: =3D =\r\n soft', `=C3=A9 ${address.replace('@', '=40')} =3D`, 'end');
    const wrapped = (text: string) => `${(base64(text).match(/.{1,60}/g) ?? []).join('\r\n')}\r\n`;
    const message = (address: string, encoded: string) =>
      crlf(
        'From: b@c.example',
        'Content-Type: multipart/mixed; boundary="=_a b"',
        '',
        `preamble ${address}`,
        '--=_a b',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Transfer-Encoding: quoted-printable',
        '',
        encoded,
        '--=_a b',
        'Content-Type: text/html',
        'Content-Transfer-Encoding: base64',
        '',
        `${wrapped(`<p>${long}</p> <a href="mailto:${address}">x</a>${long}`)}--=_a b`,
        'Content-Type: image/png',
        'Content-Transfer-Encoding: base64',
        '',
        base64(`\u0000\u0001 ann@example.org \u0000`),
        '--=_a b',
        'Content-Type: text/plain',
        'Content-Transfer-Encoding: base64',
        '',
        'bm90IGhpbmcgaGVyZQ==',
        '--=_a b',
        'Content-Type: message/rfc822',
        '',
        `To: ${address === 'ann@example.org' ? `"Ann" <${address}>` : `<${address}>`}`,
        '',
        `inner ${address}`,
        '--=_a b--',
        `epilogue ${address}`,
      );
    const expected = inside(message('ann@example.org', qp('ann@example.org')));
    expect(expected).toBe(
      message(
        'erased@erased.invalid',
        crlf('untouched: =3D =\r\n soft', '=C3=A9 erased@erased.invalid =3D', 'end'),
      ),
    );
    expect(inside(expected ?? '')).toBeUndefined();
  });

  test('quoted-printable lines stay short enough, and what is encoded in the middle of an address is found', () => {
    const body = (line: string) => crlf('Content-Transfer-Encoding: quoted-printable', '', line, 'x=3D', '');
    const result = inside(body(`${'a '.repeat(30)}=C3=A9=\r\n an=\r\nn=40example=2Eorg`)) ?? '';
    expect(result.replaceAll('=\r\n', '')).toContain(' erased@erased.invalid\r\nx=3D');
    expect(Math.max(...result.split('\r\n').map(({ length }) => length))).toBeLessThanOrEqual(76);
  });

  test('a body alone, as some platforms keep it, is known by its delimiters', () => {
    const body = (text: string) =>
      crlf(
        'This is MIME',
        '--b1',
        'Content-Type: text/plain',
        'content-transfer-encoding: base64',
        '',
        base64(text),
        '--b1--',
      );
    expect(inside(body('to ann@example.org'))).toBe(body('to erased@erased.invalid'));
  });

  test('a calendar in a part is read as one', () => {
    const part = (lines: string) =>
      crlf('Content-Type: text/calendar', 'Content-Transfer-Encoding: base64', '', base64(lines));
    expect(inside(part('ATTENDEE;CN=Ann:mailto:ann@example.org'))).toBe(
      part('ATTENDEE:mailto:erased@erased.invalid'),
    );
  });

  test.each([
    [
      'From ann@example.org Mon Jun  1\nTo: b@c.example\n\nx',
      'From erased@erased.invalid Mon Jun  1\nTo: b@c.example\n\nx',
    ],
    ['To: ann@example.org', 'To: erased@erased.invalid'],
    ['\r\nann@example.org', '\r\nerased@erased.invalid'],
    [
      'Content-Type: multipart/mixed\n\n--x\nann@example.org',
      'Content-Type: multipart/mixed\n\n--x\nerased@erased.invalid',
    ],
    [
      'Content-Type: multipart/mixed; boundary=x\n\nann@example.org\n--x',
      'Content-Type: multipart/mixed; boundary=x\n\nerased@erased.invalid\n--x',
    ],
    [
      'Content-Transfer-Encoding: base64\n\nno base64 of ann@example.org',
      'Content-Transfer-Encoding: base64\n\nno base64 of erased@erased.invalid',
    ],
    ['To: \u0000ann@example.org\u0000\n\n', 'To: \u0000erased@erased.invalid\u0000\n\n'],
    [
      'Content-Transfer-Encoding: quoted-printable\n\nann@example.org =zz =',
      'Content-Transfer-Encoding: quoted-printable\n\nerased@erased.invalid =3Dzz =3D',
    ],
  ])('malformed or cut off: %j', (message, expected) => {
    expect(inside(message)).toBe(expected);
  });

  test('nested beyond all measure', () => {
    const nested = `${'Content-Type: message/rfc822\n\n'.repeat(1000)}To: "Ann" <ann@example.org>\n`;
    expect(inside(nested)).toBe(nested.replace('ann@example.org', 'erased@erased.invalid'));
  });
});

describe('in calendars and cards', () => {
  const event = (...lines: readonly string[]) =>
    crlf('BEGIN:VEVENT', ...lines, 'SUMMARY:Ann', 'END:VEVENT', '');
  test.each([
    [
      ['ATTENDEE;CN="Ann; Example";RSVP=TRUE:mailto:ann@example.org'],
      ['ATTENDEE;RSVP=TRUE:mailto:erased@erased.invalid'],
    ],
    [
      ['ORGANIZER;CN=Bob;SENT-BY="mailto:ann@example.org":mailto:b@c.example'],
      ['ORGANIZER;CN=Bob;SENT-BY="mailto:erased@erased.invalid":mailto:b@c.example'],
    ],
    [
      ['ATTENDEE;CN=ann@example.org;EMAIL=ann@example.org:/p/1'],
      ['ATTENDEE;EMAIL=erased@erased.invalid:/p/1'],
    ],
    [
      [
        'ATTENDEE;ROLE=REQ-PARTICIPANT:mailto:an',
        ' n@exam',
        '\tple.org',
        'ATTENDEE:mailto:joann@example',
        ' .org',
      ],
      [
        'ATTENDEE;ROLE=REQ-PARTICIPANT:mailto:erased@erased.invalid',
        'ATTENDEE:mailto:joann@example',
        ' .org',
      ],
    ],
    [
      [`DESCRIPTION:${'x'.repeat(48)} ann@exa`, ' mple.org and', ' more'],
      [`DESCRIPTION:${'x'.repeat(48)} erased@erased.`, ' invalid and', ' more'],
    ],
    [
      [String.raw`DESCRIPTION:line\nann@example.org\, and`],
      [String.raw`DESCRIPTION:line\nerased@erased.invalid\, and`],
    ],
  ])('%j', (lines, expected) => {
    expect(inside(event(...lines), 'icalendar')).toBe(event(...expected));
    expect(inside(event(...expected), 'icalendar')).toBeUndefined();
  });

  test('a card of theirs loses its name, one of somebody else does not', () => {
    const card = (fn: string, n: string, address: string) =>
      crlf(
        'BEGIN:VCARD',
        'VERSION:4.0',
        `FN:${fn}`,
        n,
        `item1.EMAIL;TYPE=work:${address}`,
        'NOTE:x',
        'END:VCARD',
        '',
      );
    const bob = card('Bob', 'N:C;Bob;;;', 'joann@example.org');
    expect(
      inside(bob + card('Ann\r\n  Example', 'N;SORT-AS="E":Example;Ann;;;', 'ann@example.org'), 'vcard'),
    ).toBe(bob + card('erased', 'N:erased;;;;', 'erased@erased.invalid'));
    expect(inside('EMAIL;ENCODING=QUOTED-PRINTABLE:ann=40exam=\r\nple.org\r\nFN:A', 'vcard')).toBe(
      'EMAIL;ENCODING=QUOTED-PRINTABLE:erased=40erased.invalid\r\nFN:erased',
    );
  });
});
