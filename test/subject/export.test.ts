import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { sealColumnValue } from '../../src/lib/crypto/column-value.ts';
import { sha256Hex } from '../../src/lib/crypto/sha256.ts';
import { readDecisions } from '../../src/lib/subject/export/index.ts';
import { describeWith } from '../support/optional.ts';
import { type ExportWorld, exportWorld, python, unzipped } from './export-world.ts';

let world: ExportWorld;
beforeAll(async () => {
  world = await exportWorld();
});
afterAll(async () => {
  await world?.close();
});
afterEach(async () => {
  for (const file of await world.files()) await rm(join(world.folder, file));
});

describeWith(['python3'], 'an archive, as other programs read it', ({ python3 }) => {
  const open = (name = 'out.zip') => unzipped(python3, join(world.folder, name));
  const text = (files: ReadonlyMap<string, Buffer>, name: string) => files.get(name)?.toString() ?? '';
  const rows = (files: ReadonlyMap<string, Buffer>, table: string) =>
    JSON.parse(text(files, `app.${table}/rows.json`)) as Record<string, unknown>[];
  interface Manifest {
    readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
    readonly maskings: readonly Record<string, unknown>[];
    readonly notExported: readonly Record<string, unknown>[];
  }
  const manifest = (files: ReadonlyMap<string, Buffer>) =>
    JSON.parse(text(files, 'manifest.json')) as Manifest;

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
      'app.mail/3/app.part/2-bersicht_1.pdf',
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

  test("masks blind copies to others in header and envelope, and keeps the person's own", async () => {
    const { summary } = await world.run();
    const files = open();
    const one = text(files, 'app.mail/1.eml');
    expect(one).toMatch(/^Bcc: undisclosed:;\r\nX-Masked: Bcc \[masked, Article 15\(4\) GDPR: /m);
    expect(one).toMatch(/\r\nSubject: one\r\nDate: .*\r\n\r\nHello\r\nFrom here on\r\n$/);
    expect(text(files, 'app.mail/2.eml')).toContain('Bcc: <ann@münster.example>, undisclosed:;\r\n');
    expect(rows(files, 'mail')[0]).toMatchObject({
      rcpt: ['ann@münster.example'],
      meta: { rcpt: [{ a: 'ann@münster.example' }, { a: expect.stringContaining('masked') }] },
    });
    expect(summary.masked).toEqual([
      { kind: 'bcc', count: 3 },
      { kind: 'internal-note', count: 1 },
    ]);
    expect(manifest(files).maskings[0]).toEqual({
      kind: 'bcc',
      table: 'app.mail',
      key: ['1'],
      field: 'message',
      file: 'app.mail/1.eml',
      bytes: 42,
      why: 'blind copies to others: that they got it is theirs to tell',
      decision: 'mask',
      reason: 'by rule',
    });
  });

  test('gives blind copies out where somebody says why', async () => {
    const { summary } = await world.run({ discloseBcc: 'she wrote them' });
    const files = open();
    expect(text(files, 'app.mail/1.eml')).toContain('Bcc: hidden@x.example,\r\n other@x.example\r\n');
    expect(summary.disclosed).toBe(3);
    expect(manifest(files).maskings[0]).toMatchObject({ decision: 'disclose', reason: 'she wrote them' });
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

  test('waits for a decision on a note of staff, and obeys it', async () => {
    await world.run();
    expect(rows(open(), 'ticket')).toEqual([
      { id: 1, account: 1, subject: 'help', notes: expect.stringMatching(/^\[masked.*staff wrote it/) },
    ]);
    const path = join(world.folder, 'out.review.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const file = JSON.parse(readFileSync(path, 'utf8')) as { items: Record<string, unknown>[] };
    expect(file.items).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{64}$/),
        kind: 'internal-note',
        table: 'app.ticket',
        key: ['1'],
        field: 'notes',
        why: 'staff wrote it for themselves',
        excerpt: 'STAFF-NOTE about Ann',
        decision: null,
        reason: null,
      },
    ]);
    const decide = async (decision: string) => {
      const decided = join(world.folder, `${decision}.json`);
      await writeFile(
        decided,
        JSON.stringify({ ...file, items: [{ ...file.items[0], decision, reason: 'looked at' }] }),
      );
      const { review, summary } = await world.run({
        decisions: await readDecisions(decided),
        fileName: () => `${decision}.zip`,
        reviewPath: join(world.folder, `${decision}.review.json`),
      });
      expect(review).toEqual({ open: 0, used: 1 });
      return { files: open(`${decision}.zip`), summary };
    };
    const given = await decide('disclose');
    expect(rows(given.files, 'ticket')[0]).toMatchObject({ notes: 'STAFF-NOTE about Ann' });
    expect(given.summary.disclosed).toBe(1);
    expect(manifest(given.files).maskings.at(-1)).toMatchObject({
      decision: 'disclose',
      reason: 'looked at',
    });
    const kept = await decide('mask');
    expect(text(kept.files, 'app.ticket/rows.json')).not.toContain('STAFF');
    expect(manifest(kept.files).maskings.at(-1)).toMatchObject({ decision: 'mask', reason: 'looked at' });
    expect(await world.files()).not.toContain('mask.review.json');
    // A decision is about what was seen: another note waits again.
    await world.sql(`update app.ticket set notes = 'STAFF-NOTE changed' where id = 1`);
    const decisions = await readDecisions(join(world.folder, 'disclose.json'));
    const again = await world.run({
      decisions,
      fileName: () => 'c.zip',
      reviewPath: join(world.folder, 'c.json'),
    });
    expect(again.review).toEqual({ open: 1, used: 0 });
    await world.sql(`update app.ticket set notes = 'STAFF-NOTE about Ann' where id = 1`);
  });

  test('says what could not be had, and has the rest', async () => {
    await world.sql(
      `update app.mail set object_key = 'gone' where id = 3; update app.part set object_key = 'gone' where id = 1`,
    );
    const { summary } = await world.run();
    const files = open();
    expect(summary.missing).toEqual([
      { table: 'app.mail', why: 'object-missing', count: 1 },
      { table: 'app.part', why: 'object-missing', count: 1 },
    ]);
    expect(manifest(files).notExported).toEqual([
      { table: 'app.mail', key: ['3'], field: 'object_key', why: 'object-missing' },
      { table: 'app.part', key: ['1'], field: 'object_key', why: 'object-missing' },
    ]);
    expect(text(files, 'app.mail/3.header.txt')).toContain('Subject: three');
    expect(files.has('app.mail/3.eml')).toBe(false);
    expect(files.has('app.mail/3/app.part/2-bersicht_1.pdf')).toBe(true);
    expect(text(files, 'index.html')).toContain('2 items could not be exported');

    await rm(join(world.folder, 'out.zip'));
    await rm(join(world.folder, 'out.review.json'));
    const none = await world.run({}, { openBucket: () => Promise.resolve(undefined) });
    expect(none.summary.missing).toContainEqual({ table: 'app.part', why: 'no-store', count: 2 });
    await world.sql(
      `update app.mail set object_key = 'k3' where id = 3; update app.part set object_key = 'p1' where id = 1`,
    );
  });

  test('says which table could not be read, and has the others', async () => {
    const { summary } = await world.run({}, {}, (map) => map.replaceAll('app.session', 'app.gone'));
    expect(summary.missing).toEqual([{ table: 'app.gone', why: 'unreadable', count: 1 }]);
    expect(open().has('app.card/rows.json')).toBe(true);
  });

  test('opens what is encrypted under a key of the person, and says what it cannot', async () => {
    const dataKey = Buffer.alloc(32, 5);
    const [own, gone] = ['0a225f98-10c0-4aea-ba41-841d3eaabcc6', '1a225f98-10c0-4aea-ba41-841d3eaabcc6'];
    const seal = (text: string, id: string, column: string, row: string) => {
      const place = { table: 'x', column, primaryKey: [row], subject: '1' };
      return `'\\x${sealColumnValue(Buffer.from(text), { id, dataKey }, place).toString('hex')}'`;
    };
    await world.sql(`
      update app.account set sealed = ${seal('TAX-NUMBER', own, 'sealed', '1')} where id = 1;
      update app.mail set body = ${seal('sealed body', own, 'body', '1')} where id = 1;
      update app.mail set body = ${seal('x', gone, 'body', '2')} where id = 2;
      update app.mail set body = ${seal('moved here', own, 'body', '4')} where id = 3;
      update app.mail set object_key = null where id = 3`);
    const sealed = (column: string) =>
      `type: bytea, category: user.content, encrypted: {dek: app.dek.wrapped, by: self, as: x.${column}}, erase: shred}`;
    const self = (table: string) => `{as: self, column: id, to: app.${table}.id, kind: soft}`;
    const edit = (map: string) =>
      map
        .replace(
          'non_personal: [score, vip]',
          `non_personal: [score, vip]\n    references: [${self('account')}]`,
        )
        .replace('      settings: {type', `      sealed: {${sealed('sealed')}\n      settings: {type`)
        .replace('references: [{column: box', `references: [${self('mail')}, {column: box`)
        .replace(/ {6}body: .*\n/, `      body: {${sealed('body')}\n`);
    const { summary } = await world.run(
      {},
      {
        dataKeyOf: (keyring, id) => {
          expect(keyring).toBe('app.dek');
          return Promise.resolve(id === own ? { subject: '1', dataKey } : { problem: 'key-destroyed' });
        },
      },
      edit,
    );
    const files = open();
    expect(rows(files, 'account')[0]).toMatchObject({ sealed: 'TAX-NUMBER' });
    expect(text(files, 'app.mail/1.eml')).toMatch(/\r\n\r\nsealed body$/);
    // Of the others, header and row are there.
    expect(text(files, 'app.mail/2.header.txt')).toMatch(/Subject: two$/);
    expect(text(files, 'app.mail/3.header.txt')).toContain('Subject: three');
    expect(files.has('app.mail/2.eml') || files.has('app.mail/3.eml')).toBe(false);
    expect(summary.missing).toEqual([
      { table: 'app.mail', why: 'key-destroyed', count: 1 },
      { table: 'app.mail', why: 'column-value-moved', count: 1 },
    ]);
    expect(manifest(files).notExported).toContainEqual({
      table: 'app.mail',
      key: ['3'],
      field: 'body',
      why: 'column-value-moved',
    });

    // What an application encrypts in its own way, only it can open.
    await rm(join(world.folder, 'out.zip'));
    await rm(join(world.folder, 'out.review.json'));
    const other = await world.run({}, {}, (map) =>
      edit(map)
        .replaceAll('as: x.sealed}', 'format: other}')
        .replace(/ {6}body: .*\n/, ''),
    );
    expect(other.summary.missing).toEqual([{ table: 'app.account.sealed', why: 'sealed', count: 1 }]);
    expect(text(open(), 'app.account/rows.json')).not.toContain('sealed');
    await world.sql(`
      update app.account set sealed = null;
      update app.mail set body = E'Hello\\r\\nFrom here on\\r\\n' where id = 1;
      update app.mail set body = '' where id = 2;
      update app.mail set body = null, object_key = 'k3' where id = 3`);
  });

  test('is cut into archives that each stand for themselves', async () => {
    await world.sql(`
      insert into app.mail select n, 1, E'Subject: s' || n || E'\\r\\n',
        convert_to((select string_agg(md5(n || '-' || i), '') from generate_series(1, 300) i), 'UTF8'), null, '{}', '{}'
      from generate_series(1000, 1499) n`);
    const { archives } = await world.run({ splitAt: 1 << 20, mailForm: 'both' });
    expect(archives.length).toBeGreaterThan(4);
    const seen = new Map<string, Buffer>();
    for (const [index, { file, bytes, files, sha256 }] of archives.entries()) {
      expect(file).toBe(join(world.folder, `out.${index + 1}.zip`));
      expect(bytes).toBeLessThanOrEqual(1 << 20);
      expect(sha256Hex(await readFile(file))).toBe(sha256);
      const part = open(`out.${index + 1}.zip`);
      const { files: listed, ...head } = JSON.parse(text(part, 'manifest.json')) as Manifest & {
        part: number;
        parts: number;
      };
      expect(head).toMatchObject({
        part: index + 1,
        parts: index + 1 === archives.length ? archives.length : null,
      });
      expect(listed).toHaveLength(files);
      for (const [name, content] of part) if (name.includes('/')) seen.set(name, content);
    }
    for (let n = 1000; n < 1500; n += 1) expect(seen.has(`app.mail/${n}.eml`)).toBe(true);
    const boxes = [...seen].filter(([name]) => name.endsWith('.mbox'));
    expect(boxes.length).toBeGreaterThan(1);
    const messages = boxes.reduce(
      (sum, [, content]) => sum + (content.toString().match(/^From MAILER/gm)?.length ?? 0),
      0,
    );
    expect(messages).toBe(504);
    await world.sql('delete from app.mail where id >= 1000');
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

test('nobody, several persons, and another tenant are told apart', async () => {
  await expect(world.run({ who: ['nobody@example.org'] })).rejects.toMatchObject({
    code: 'nobody-found',
    exitCode: 1,
  });
  await expect(world.run({ who: ['nobody@example.org'], set: 'portability' })).rejects.toMatchObject({
    code: 'nobody-found',
  });
  await expect(world.run({ who: ['ann@münster.example', 'bob@example.org'] })).rejects.toMatchObject({
    code: 'subject-ambiguous',
    exitCode: 6,
  });
  await expect(world.run({ tenant: '2', set: 'portability' })).rejects.toMatchObject({
    code: 'nobody-found',
  });
  expect(await world.files()).toEqual([]);
});

test('nothing is overwritten, and nothing is left of a run that failed', async () => {
  await expect(world.run({ folder: '/nonexistent/x' })).rejects.toMatchObject({
    code: 'archive-unwritable',
    exitCode: 1,
  });
  await writeFile(join(world.folder, 'out.zip'), 'mine');
  await expect(world.run()).rejects.toMatchObject({ code: 'out-exists', exitCode: 2 });
  expect(await world.files()).toEqual(['out.zip']);
  expect(await readFile(join(world.folder, 'out.zip'), 'utf8')).toBe('mine');
  await rm(join(world.folder, 'out.zip'));

  await writeFile(join(world.folder, 'out.review.json'), 'mine');
  await expect(world.run()).rejects.toMatchObject({ code: 'out-exists' });
  expect(await world.files()).toEqual(['out.review.json']);
  await rm(join(world.folder, 'out.review.json'));

  const stop = new AbortController();
  const onTable = (table: string) => (table === 'app.part' ? stop.abort() : undefined);
  await expect(world.run({}, { signal: stop.signal, onTable })).rejects.toThrow();
  expect(await world.files()).toEqual([]);

  // Stopped when all is written, and nothing has a name yet.
  const late = new AbortController();
  await expect(world.run({}, { signal: late.signal, onWritten: () => late.abort() })).rejects.toThrow();
  expect(await world.files()).toEqual([]);
});

test('a review file without a reason, or of another form, is refused', async () => {
  const file = join(world.folder, 'r.json');
  const item = {
    id: 'a'.repeat(64),
    kind: 'internal-note',
    table: 't',
    key: [],
    field: 'f',
    why: 'w',
    excerpt: 'PERSONAL',
  };
  const write = (items: unknown) =>
    writeFile(file, JSON.stringify({ format: 'urn:postern:format:subject-review:v1', items }));
  await write([{ ...item, decision: 'disclose', reason: ' ' }]);
  await expect(readDecisions(file)).rejects.toMatchObject({ code: 'review-reason-missing' });
  await write([{ ...item, decision: 'maybe', reason: 'x' }]);
  await expect(readDecisions(file)).rejects.toMatchObject({ code: 'review-invalid' });
  await write([{ ...item, decision: null, reason: null }]);
  expect((await readDecisions(file)).size).toBe(0);
  await writeFile(file, '{"PERSONAL');
  const error = await readDecisions(file).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'review-invalid', message: expect.not.stringContaining('PERSONAL') });
  await expect(readDecisions(join(world.folder, 'none'))).rejects.toMatchObject({ code: 'file-unreadable' });
});
