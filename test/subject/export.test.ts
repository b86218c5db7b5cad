import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sha256Hex } from '../../src/lib/crypto/sha256.ts';
import { describeWith } from '../support/optional.ts';
import { manifest, rows, text } from './export-reader.ts';
import { type ExportWorld, python, unzipped, withExportWorld } from './export-world.ts';

let world: ExportWorld;
withExportWorld((made) => {
  world = made;
});

describeWith(['python3'], 'an archive, as other programs read it', ({ python3 }) => {
  const open = (name = 'out.zip') => unzipped(python3, join(world.folder, name));

  test("holds what is the person's, and nothing of anybody else", async () => {
    const { summary, review } = await world.run();
    const files = open();
    expect([...files.keys()].toSorted()).toEqual([
      'app.account/rows.csv',
      'app.account/rows.json',
      'app.box/rows.csv',
      'app.box/rows.json',
      // Keys that are no file names, or that have capitals, bring a hash.
      'app.card/contacts.vcf',
      'app.card/rows.csv',
      'app.card/rows.json',
      'app.event/calendar.ics',
      'app.event/rows.csv',
      'app.event/rows.json',
      'app.mail/1.eml',
      'app.mail/2.eml',
      'app.mail/3.eml',
      'app.mail/3/app.part/1-passwd.bin',
      'app.mail/3/app.part/2-Ubersicht_1.pdf',
      'app.mail/4.eml',
      'app.mail/messages.mbox',
      'app.mail/rows.csv',
      'app.mail/rows.json',
      'app.part/rows.csv',
      'app.part/rows.json',
      'app.session/rows.csv',
      'app.session/rows.json',
      'app.ticket/rows.csv',
      'app.ticket/rows.json',
      'facts.json',
      'index.html',
      'manifest.json',
      'mentions.json',
    ]);
    const all = Buffer.concat([...files.values()]).toString();
    for (const secret of [
      'BOB-SECRET',
      'bob@',
      'TOKEN-',
      'HASH-',
      'STAFF-NOTE',
      'REST-OF-LOG',
      'hidden@',
      'other@',
      'third@',
    ])
      expect(all, secret).not.toContain(secret);
    expect(summary.missing).toEqual([]);
    expect(review.open).toBe(1);
    expect(rows(files, 'account')).toEqual([
      {
        id: 1,
        tenant: 1,
        email: 'ann+home@münster.example',
        name: 'Ann',
        score: -1.5,
        vip: true,
        settings: { theme: 'dark', api: { token: '[left out: it opens an account]' } },
      },
    ]);
    expect(rows(files, 'session')).toMatchObject([{ ip: '192.0.2.1' }]);
  });

  test('has every file in its manifest, with its size and SHA-256', async () => {
    await world.run();
    const files = open();
    const { files: listed } = manifest(files);
    expect(listed.map(({ path }) => path)).toEqual(
      [...files.keys()].filter((name) => name !== 'manifest.json'),
    );
    for (const { path, bytes, sha256 } of listed) {
      const content = files.get(path) ?? Buffer.alloc(0);
      expect({ path, bytes, sha256 }).toEqual({
        path,
        bytes: content.byteLength,
        sha256: sha256Hex(content),
      });
    }
  });

  test('counts where rows of others name the person, and says the name as it stands there', async () => {
    await world.run();
    expect(JSON.parse(text(open(), 'mentions.json'))).toEqual([
      { table: 'app.mail', rows: 1, names: [{ field: 'head', value: 'ann@münster.example', rows: 1 }] },
      { table: 'app.card', rows: 1, names: [{ field: 'email', value: 'ann@münster.example', rows: 1 }] },
      { table: 'app.log', rows: 1, names: [{ field: 'line', value: 'ANN@münster.example', rows: 1 }] },
    ]);
  });

  test('says of every table why it is kept and how long', async () => {
    await world.run();
    const { tables, rights } = JSON.parse(text(open(), 'facts.json')) as {
      tables: Record<string, unknown>[];
      rights: string[];
    };
    expect(tables.find(({ table }) => table === 'app.mail')).toMatchObject({
      whose: 'shared',
      rows: 4,
      legalBasis: 'contract',
      kept: 'P2Y',
      keptByLaw: '§ 1',
      categories: ['user.contact.email', 'user.content.private'],
    });
    expect(rights.join()).toContain('supervisory authority');
  });

  test('has messages that a mail program reads: one by one, and in a mailbox', async () => {
    await world.run();
    const files = open();
    expect(files.get('app.mail/3.eml')?.toString()).toBe(
      'From: x@x.example\r\nSubject: three\r\n\r\nfrom the store\r\n',
    );
    // Without a body.
    expect(text(files, 'app.mail/4.eml')).toBe('From: x@x.example\r\nSubject: four\r\n\r\n');
    const read = python(
      `
import sys, mailbox, tempfile, json, os
f = tempfile.NamedTemporaryFile(delete=False); f.write(sys.stdin.buffer.read()); f.close()
box = mailbox.mbox(f.name)
print(json.dumps([[m['Subject'], m.get_payload(), m.get_from()] for m in box]))
os.unlink(f.name)`,
      python3,
      files.get('app.mail/messages.mbox') ?? Buffer.alloc(0),
    );
    expect(read).toEqual([
      ['one', 'Hello\n>From here on\n', 'MAILER-DAEMON Tue Jun 30 07:05:00 2026'],
      ['two', '', 'MAILER-DAEMON Thu Jan  1 00:00:00 1970'],
      ['three', 'from the store\n', 'MAILER-DAEMON Thu Jan  1 00:00:00 1970'],
      ['four', '', 'MAILER-DAEMON Thu Jan  1 00:00:00 1970'],
    ]);
  });

  test('has tables as CSV, in which no text becomes a formula', async () => {
    await world.run();
    const files = open();
    const read = python(
      'import sys, csv, io, json; print(json.dumps(list(csv.DictReader(io.StringIO(sys.stdin.buffer.read().decode(), newline="")))))',
      python3,
      files.get('app.card/rows.csv') ?? Buffer.alloc(0),
    ) as Record<string, string>[];
    expect(read).toEqual([
      {
        id: 'A/../x',
        account: '1',
        name: `'=HYPERLINK("http://x")`,
        email: 'c@c.example',
        phone: "'+49 30 1",
        vcard: '',
        note: 'a "quote"\nand, a comma',
        files: '',
      },
      {
        id: 'b',
        account: '1',
        name: 'Di; Ö',
        email: 'd@d.example',
        phone: '',
        vcard: 'BEGIN:VCARD\nVERSION:3.0\nFN:Di\nEND:VCARD',
        note: "'-1",
        files: '',
      },
    ]);
    // A number is one.
    expect(text(files, 'app.account/rows.csv')).toContain(',-1.50,true,');
    expect(rows(files, 'card')[0]).toMatchObject({
      name: '=HYPERLINK("http://x")',
      note: 'a "quote"\nand, a comma',
    });
  });

  test('has contacts as vCard, and a calendar with each time zone once', async () => {
    await world.run();
    const files = open();
    expect(text(files, 'app.card/contacts.vcf')).toBe(
      [
        'BEGIN:VCARD',
        'VERSION:4.0',
        'FN:=HYPERLINK("http://x")',
        'EMAIL:c@c.example',
        'TEL;VALUE=text:+49 30 1',
        'END:VCARD',
        'BEGIN:VCARD',
        'VERSION:3.0',
        'FN:Di',
        'END:VCARD',
        '',
      ].join('\r\n'),
    );
    const calendar = text(files, 'app.event/calendar.ics');
    expect(calendar.match(/BEGIN:VTIMEZONE/g)).toHaveLength(1);
    expect([...calendar.matchAll(/UID:(.*)\r\n/g)].map(([, uid]) => uid)).toEqual(['e1', 'e2']);
    expect(calendar.match(/VCALENDAR/g)).toHaveLength(2);
  });

  test('has for portability what the person gave, and no more', async () => {
    const { summary } = await world.run({ set: 'portability' });
    const files = open();
    const folders = new Set(
      [...files.keys()].filter((name) => name.includes('/')).map((name) => name.split('/')[0]),
    );
    expect([...folders]).toEqual(['app.account', 'app.mail', 'app.part', 'app.card', 'app.event']);
    expect([...files.keys()].filter((name) => !name.includes('/'))).toEqual(['index.html', 'manifest.json']);
    expect(summary.left).toEqual([
      { table: 'app.box', why: 'not provided by the person, by the data map' },
      { table: 'app.session', why: 'its legal basis is legitimate-interests' },
      { table: 'app.ticket', why: 'only for access, by the data map' },
      { table: 'app.dek', why: 'keys that encrypt' },
    ]);
  });

  test('of somebody whom only others name has how often, and nothing of theirs', async () => {
    const { summary } = await world.run({ who: ['c@c.example'] });
    expect(summary.tables).toEqual([]);
    const files = open();
    expect([...files.keys()]).toEqual(['facts.json', 'mentions.json', 'index.html', 'manifest.json']);
    expect(JSON.parse(text(files, 'mentions.json'))).toEqual([
      { table: 'app.card', rows: 1, names: [{ field: 'email', value: 'c@c.example', rows: 1 }] },
    ]);
    expect(text(files, 'index.html')).not.toContain('HYPERLINK');
  });

  test('opens with unzip too', async () => {
    await world.run();
    const out = execFileSync('unzip', ['-tq', join(world.folder, 'out.zip')]).toString();
    expect(out).toContain('No errors detected');
    expect(statSync(join(world.folder, 'out.zip')).mode & 0o777).toBe(0o600);
  });
});
