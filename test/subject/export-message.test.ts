import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseEntity } from '../../src/lib/subject/export/message/entity.ts';
import { type Found, maskMessage } from '../../src/lib/subject/export/message/mask-message.ts';
import { mboxEntry } from '../../src/lib/subject/export/message/mbox.ts';
import { wholeMessage } from '../../src/lib/subject/export/message/whole-message.ts';

const crlf = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'));

/** Masks everything that is asked about, and tells what that was. */
function masked(message: Buffer, mask = true) {
  const found: Found[] = [];
  const result = maskMessage(message, {
    isPerson: (address) => address === 'ann@example.org',
    mask: (each) => {
      found.push(each);
      return mask ? '[MASKED]' : undefined;
    },
  });
  return { text: result.toString(), found: found.map(({ kind, content }) => [kind, content.toString()]) };
}

const forward = (subject: string, body: string, headers = '') =>
  crlf(`From: a@example.org\nSubject: ${subject}\n${headers}\n${body}`);

describe('what was forwarded', () => {
  test.each([
    ['gmail', 'hi', 'mine\n\n---------- Forwarded message ---------\nFrom: other\ntheirs\n'],
    ['a German program', 'hi', 'mine\n\n-------- Weitergeleitete Nachricht --------\ntheirs\n'],
    ['apple', 'hi', 'mine\n\nBegin forwarded message:\n\n> theirs\n'],
    ['outlook', 'FW: hi', 'mine\n\n-----Original Message-----\nFrom: other\ntheirs\n'],
  ])('inside a text of %s is masked to its end', (_, subject, body) => {
    const { text, found } = masked(forward(subject, body));
    expect(found).toEqual([['forwarded-text', expect.stringContaining('theirs')]]);
    expect(text).toContain('mine\r\n\r\n[MASKED]\r\n');
    expect(text).not.toContain('theirs');
  });

  test.each([
    [
      'one byte a letter',
      Buffer.from('FW: x\r\n\r\nmine\r\n-----Ursprüngliche Nachricht-----\r\ntheirs\r\n', 'latin1'),
    ],
    [
      'entities of HTML',
      'WG: x\r\nContent-Type: text/html\r\n\r\nmine\r\n-----Urspr&uuml;ngliche Nachricht-----<br>theirs',
    ],
    ['French of Apple', 'x\r\n\r\nmine\r\nDébut du message réexpédié :\r\n\r\n> theirs\r\n'],
    [
      'a subject in base64',
      `=?UTF-8?B?${Buffer.from('WG: Grüße').toString('base64')}?=\r\n\r\nmine\r\n-----Original Message-----\r\ntheirs`,
    ],
    [
      'a subject in words',
      '=?utf-8?q?FW=3A_Gr=C3=BC?=\r\n =?utf-8?q?=C3=9Fe?=\r\n\r\nmine\r\n-----Original Message-----\r\ntheirs',
    ],
    [
      'Outlook, which draws a line of HTML',
      'Fw: x\r\nContent-Type: text/html\r\n\r\nmine<hr><b>From:</b> Bob &lt;b@x.example&gt;<br><b>Sent:</b> Monday<br>theirs',
    ],
    [
      'Outlook in German',
      'WG: x\r\n\r\nmine\r\n________________\r\nVon: Bob <b@x.example>\r\nGesendet: Montag\r\nAn: Ann\r\ntheirs',
    ],
    [
      'a multipart without parts',
      'x\r\nContent-Type: multipart/mixed\r\n\r\nmine\r\n---------- Forwarded message ---------\r\ntheirs',
    ],
  ])('is found in %s', (_, rest) => {
    const message = Buffer.concat([Buffer.from('From: a@example.org\r\nSubject: '), Buffer.from(rest)]);
    const { text, found } = masked(message);
    expect(found).toEqual([['forwarded-text', expect.stringContaining('theirs')]]);
    expect(text).toContain('mine');
    expect(text).not.toMatch(/theirs|b@x/);
  });

  test.each([
    ['a digest, whose parts are messages', 'multipart/digest', '', 'From: other@x.example\n\ntheirs'],
    [
      'a message as a file',
      'multipart/mixed',
      'Content-Type: application/octet-stream; name="note.EML"\n',
      'theirs',
    ],
    [
      'a message of Outlook',
      'multipart/mixed',
      'Content-Disposition: attachment;\n filename=note.msg\n',
      'theirs',
    ],
  ])('is found in %s', (_, type, headers, part) => {
    const { text, found } = masked(
      crlf(`Subject: x\nContent-Type: ${type}; boundary=b\n\n--b\n${headers}\n${part}\n--b--\n`),
    );
    expect(found.map(([kind]) => kind)).toEqual(['forwarded-message']);
    expect(text).not.toContain('theirs');
  });

  test('lies too deep for anybody to find it, and waits for a decision as a whole', () => {
    const deep = Array.from(
      { length: 30 },
      (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\n\n--b${n}\n`,
    ).join('');
    const { text, found } = masked(crlf(`${deep}Content-Type: message/rfc822\n\ntheirs\n`));
    expect(found.map(([kind]) => kind)).toEqual(['forwarded-message']);
    expect(text).not.toContain('theirs');
  });

  test('is found in French, whose words are no ASCII', () => {
    expect(masked(forward('x', 'moi\n-------- Message transféré --------\neux\n')).text).toBe(
      'From: a@example.org\r\nSubject: x\r\n\r\nmoi\r\n[MASKED]\r\n',
    );
  });

  test.each([
    ['an answer of Outlook', 'RE: hi', '-----Original Message-----\ntheirs\n'],
    ['an answer that quotes', 'Re: hi', 'On Monday X wrote:\n> theirs\n'],
    ['an answer of Outlook in HTML', 'Re: hi', '<b>From:</b> Bob<br><b>Sent:</b> Monday<br>theirs\n'],
    ['a text about it', 'hi', 'I mean the forwarded message.\n-- \nAnn\n'],
  ])('is not %s', (_, subject, body) => {
    const message = forward(subject, body);
    expect(masked(message)).toEqual({ text: message.toString(), found: [] });
  });

  test('is found under base64 and quoted-printable, whose texts stay whole', () => {
    const body = 'Grüße\r\n---------- Forwarded message ---------\r\ntheirs\r\n';
    const base64 = forward(
      'x',
      `${Buffer.from(body).toString('base64')}\n`,
      'Content-Transfer-Encoding: BASE64\n',
    );
    const cut = masked(base64).text.split('\r\n\r\n')[1] ?? '';
    expect(Buffer.from(cut, 'base64').toString()).toBe('Grüße\r\n[MASKED]\r\n');
    const quoted = forward(
      'x',
      'Gr=C3=BC=C3=9Fe=20and much more, so=\n that it is long\n---------- For=\nwarded message =2D--------\ntheirs\n',
      'Content-Transfer-Encoding: quoted-printable\n',
    );
    expect(masked(quoted).text).toMatch(
      /Gr=C3=BC=C3=9Fe=20and much more, so=\r\n that it is long\r\n\[MASKED\]\r\n$/,
    );
  });

  const attached = crlf(`Subject: x
Content-Type: multipart/mixed; boundary="a b"

preamble
--a b
Content-Type: text/plain

mine
--a b
Content-Type: message/rfc822

From: other@x.example
Bcc: b@x.example

theirs
--a b
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/html

<p>mine</p><div>---------- Forwarded message ---------<br>theirs</div>
--inner--
--a b--
epilogue
`);

  test('as an attached message is masked, and everything around it stays', () => {
    const { text, found } = masked(attached);
    expect(found.map(([kind]) => kind)).toEqual(['forwarded-message', 'forwarded-text']);
    expect(text).not.toMatch(/theirs|other@/);
    expect(text).toContain('\r\nmine\r\n--a b\r\n');
    expect(text).toContain(
      'Content-Type: message/rfc822\r\n\r\nSubject: [MASKED]\r\n\r\n[MASKED]\r\n\r\n--a b\r\n',
    );
    expect(text).toContain('<p>mine</p><div>[MASKED]\r\n\r\n--inner--\r\n--a b--\r\nepilogue\r\n');
  });

  test.each([
    ['an encoded word', `filename="=?UTF-8?B?${Buffer.from('next.eml').toString('base64')}?="`],
    ['an encoded word of quoted-printable', 'filename="=?utf-8?q?n=C3=A4chste=2Eeml?="'],
    ['pieces', `filename*0*=UTF-8''ne%20x;\n filename*1*=t%2Eem;\n filename*2="l"`],
  ])('as a file whose name is told by %s is masked', (_, name) => {
    const { text } = masked(
      forward(
        'x',
        `--b\nContent-Type: application/octet-stream\nContent-Disposition: attachment; ${name}\n\nSubject: theirs\n\n--b--\n`,
        'Content-Type: multipart/mixed; boundary=b\n',
      ),
    );
    expect(text).not.toContain('theirs');
    expect(text).toContain('[MASKED]');
  });

  test('is as it was, byte for byte, where it is given out', () => {
    expect(masked(attached, false).text).toBe(attached.toString());
  });
});

describe('blind copies', () => {
  test('stand in a header only, of whatever case and however folded', () => {
    const message = crlf(
      'BCC: b@x.example,\n\tc@x.example\nResent-Bcc: d@x.example\nTo: e@x.example\n\nBcc: f@x.example\n',
    );
    const { text, found } = masked(message);
    expect(found).toHaveLength(2);
    expect(text).toBe(
      'BCC: undisclosed:;\r\nX-Masked: BCC [MASKED]\r\nResent-Bcc: undisclosed:;\r\nX-Masked: Resent-Bcc [MASKED]\r\nTo: e@x.example\r\n\r\nBcc: f@x.example\r\n',
    );
  });

  test('stand in a header whose lines end with a carriage return alone', () => {
    const { text, found } = masked(
      Buffer.from('From: a\rBcc: b@x.example,\r c@x.example\rTo: d\r\rBcc: e\r'),
    );
    expect(found).toHaveLength(1);
    expect(text).toBe('From: a\rBcc: undisclosed:;\rX-Masked: Bcc [MASKED]\rTo: d\r\rBcc: e\r');
  });

  test('to nobody are none', () => {
    const message = crlf('Bcc: \nTo: b@x.example\n\nx\n');
    expect(masked(message)).toEqual({ text: message.toString(), found: [] });
  });

  test('behind a byte order mark is masked as elsewhere', () => {
    const { text } = masked(crlf('\uFEFFBcc: b@x.example\nTo: a@x.example\n\nx\n'));
    expect(text).toBe('\uFEFFBcc: undisclosed:;\r\nX-Masked: Bcc [MASKED]\r\nTo: a@x.example\r\n\r\nx\r\n');
  });

  test('to the person alone stay', () => {
    const message = crlf('Bcc: Ann <ann@example.org>\n\nx\n');
    expect(masked(message)).toEqual({ text: message.toString(), found: [] });
  });
});

test('any bytes can be looked at, and those that nothing is masked in stay as they are', () => {
  const line = fc.oneof(
    fc.constantFrom(
      '--b',
      '--b--',
      '',
      'Content-Type: multipart/mixed; boundary=b',
      'Content-Type: message/rfc822',
      'Bcc:',
      ' x',
      'Content-Transfer-Encoding: base64',
      '---- Forwarded message ----',
      ':',
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom('\n', '\r\n', '\r'), fc.uint8Array(), (lines, end, rest) => {
      const message = Buffer.concat([Buffer.from(lines.join(end), 'latin1'), rest]);
      expect(masked(message, false).text).toBe(message.toString());
      masked(message);
      const text = message.toString('latin1');
      const inside = ({ bodyStart, bodyEnd, parts }: ReturnType<typeof parseEntity>): boolean =>
        bodyStart <= bodyEnd && bodyEnd <= text.length && parts.every(inside);
      expect(inside(parseEntity(text))).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['dashes', `\n${'-'.repeat(2_000_000)}`],
  ['dashes and blanks', `\n${'---- '.repeat(400_000)}`],
  ['a blind copy without an address', `Bcc: ${'a'.repeat(2_000_000)}\n\n`],
  ['a blind copy of signs', `Bcc: ${'@'.repeat(2_000_000)}\n\n`],
  [
    'blanks after a sign',
    `Content-Transfer-Encoding: quoted-printable\n\n${`=${' '.repeat(1000)}`.repeat(2000)}`,
  ],
  ['lines without an end', `Subject: x\n${'a'.repeat(1000)}${'b: c\n'.repeat(400_000)}`],
  ['quotes', `\n${'>'.repeat(2_000_000)}`],
  ['senders in a forward', `Subject: Fw: x\n\n${'From:'.repeat(400_000)}`],
  ['times in a forward', `Subject: Fw: x\n\n${' Sent:'.repeat(330_000)}`],
  ['entities in a forward', `Subject: Fw: x\n\n----Urspr${'&uuml;'.repeat(330_000)}`],
])('millions of %s take no more time than they must', (_, text) => {
  const started = performance.now();
  masked(Buffer.from(text));
  mboxEntry(Buffer.from(text));
  expect(performance.now() - started).toBeLessThan(5000);
});

test('a message that nests without end is given up in time', () => {
  const deep = Array.from(
    { length: 200 },
    (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\n\n--b${n}\n`,
  ).join('');
  const started = performance.now();
  masked(crlf(deep));
  masked(crlf(`Content-Type: multipart/mixed; boundary=b\n\n${'--b\n\nx\n'.repeat(50_000)}`));
  expect(performance.now() - started).toBeLessThan(5000);
});

test.each([
  ['From: a\r\n', 'x', 'From: a\r\n\r\nx'],
  ['From: a', 'x', 'From: a\r\n\r\nx'],
  ['From: a\n', 'x', 'From: a\n\nx'],
  ['From: a\r\n\r\n', 'x', 'From: a\r\n\r\nx'],
  ['From: a\r\n', null, 'From: a\r\n\r\n'],
  ['', 'x', '\r\nx'],
])('header %j and body %j make one message', (header, body, whole) => {
  expect(wholeMessage(Buffer.from(header), body === null ? null : Buffer.from(body)).toString()).toBe(whole);
});

test.each(['From a@x.example Tue Jun 30 09:05:00 2026', '>From a@x.example Tue Jun 30 09:05:00 2026'])(
  'a line in front of a header is none of it in a mailbox: %s',
  (line) => {
    const entry = mboxEntry(Buffer.from(`${line}\r\nSubject: x\r\n\r\n>From y\r\n`)).toString();
    expect(entry).toBe('From MAILER-DAEMON Thu Jan  1 00:00:00 1970\nSubject: x\n\n>>From y\n\n');
  },
);
