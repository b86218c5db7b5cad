import { join } from 'node:path';
import { expect, test } from 'vitest';
import { failure } from '../../src/lib/base/error.ts';
import type { ExportContext } from '../../src/lib/subject/export/index.ts';
import { describeWith } from '../support/optional.ts';
import { text } from './export-reader.ts';
import { type ExportWorld, python, unzipped, withExportWorld } from './export-world.ts';

// Values that are as nobody would write them, in a platform of their own.

let world: ExportWorld;
withExportWorld(async (made) => {
  world = made;
  await world.sql(`
    alter table app.account add born timestamptz, add died date, add share numeric, add counts bigint[], add more jsonb;
    update app.account set name = '<script>alert(1)</script>&"', born = 'infinity', died = '0044-03-15 BC', share = 'NaN',
      counts = '{9007199254740993,-1}', more = '{"n": 9007199254740993, "api": {"token": "TOKEN-ANN"}, "x": 1.10}',
      settings = '{"n": 12345678901234567890, "api": {"token": "TOKEN-ANN"}}';
    update app.mail set rcpt = '{ann@münster.example,other@x.example,idden@x.example,X@x.example}' where id = 1;
    insert into app.box values (10, 1, ''), (11, 1, '../..');
    insert into app.card select 'many' || n, 1, chr(n), null, null, null, null from generate_series(1, 31) n`);
});

const edit = (map: string) =>
  map
    .replace('non_personal: [score, vip]', 'non_personal: [score, vip, born, died, share, counts]')
    .replace(
      '      settings: {type',
      "      more: {type: jsonb, paths: {'$.api[*].token': {category: user.authorization.credentials}}}\n      settings: {type",
    );

describeWith(['python3'], 'an archive of what is awkward', ({ python3 }) => {
  const open = () => unzipped(python3, join(world.folder, 'out.zip'));

  test('keeps every value as it is, also where JSON has no number for it', async () => {
    await world.run({}, {}, edit);
    const files = open();
    const account = text(files, 'app.account/rows.json');
    expect(account).toContain('"counts":[9007199254740993,-1]');
    expect(account).toContain('"n": 9007199254740993');
    expect(account).toContain('"n": 12345678901234567890');
    expect(account).not.toContain('TOKEN-ANN');
    expect(JSON.parse(account)).toMatchObject([{ born: 'infinity', died: '0044-03-15 BC', share: 'NaN' }]);
    const read = python(
      'import sys, json; print(json.dumps(json.load(sys.stdin)[0]["counts"][0] == 9007199254740993))',
      python3,
      files.get('app.account/rows.json') ?? Buffer.alloc(0),
    );
    expect(read).toBe(true);
  });

  test('names no file by a key that opens an account', async () => {
    await world.sql(`create table app.grant (token text primary key, account int, object_key text, note text);
      insert into app.grant values ('TOKEN-KEY', 1, 'p1', 'x')`);
    await world.run({}, {}, (map) =>
      edit(map).replace(
        'keyrings:',
        `  app.grant:
    primary_key: [token]
    ownership: exclusive
    references: [{column: account, to: app.account.id, kind: soft}]
    fields:
      token: {type: text, category: user.authorization}
      object_key: {type: text, object: {bucket: mail, key: '{object_key}', format: binary}}
      note: {type: text, category: user.content, review: of staff}
keyrings:`,
      ),
    );
    const files = open();
    expect([...files.keys()].filter((name) => name.startsWith('app.grant/'))).toHaveLength(3);
    expect(
      [...files].filter(([name, content]) => `${name}${content.toString()}`.includes('TOKEN-KEY')),
    ).toEqual([]);
    await world.sql('drop table app.grant');
  });

  test('has a page in which no value is a program', async () => {
    await world.run({}, {}, edit);
    const page = text(open(), 'index.html');
    expect(page).toContain('&lt;script&gt;alert(1)');
    expect(page).not.toMatch(/<script>alert/);
  });

  test('masks blind copies in folded lines and in a header of its own, and no name is part of another', async () => {
    await world.run({}, {}, edit);
    const files = open();
    expect(text(files, 'app.mail/rows.json')).not.toMatch(/other@|idden@/);
    // The sender is named, in whatever case.
    expect(text(files, 'app.mail/rows.json')).toContain('"X@x.example"');
  });

  test('masks one that stands in a column of its own, or where nobody can follow the path', async () => {
    await world.sql(`alter table app.mail add rcpt_to text;
      update app.mail set rcpt_to = 'hidden@x.example', meta = '{"l": [{"k": "bcc", "a": "hidden@x.example"}]}' where id = 1`);
    await world.run({}, {}, (map) =>
      edit(map)
        .replace("'$.rcpt[*].a'", `'$.l[*] ? (@.k == "bcc").a'`)
        .replace(
          '      rcpt: {type',
          '      rcpt_to: {type: text, category: user.contact.email, identity: contact.email}\n      rcpt: {type',
        ),
    );
    const rows = text(open(), 'app.mail/rows.json');
    expect(rows).not.toContain('hidden@');
    expect(rows).toContain('"k": "bcc"');
  });

  test('a message to ten thousand, with a header that is longer than a part of it that is looked at', async () => {
    const names = Array.from({ length: 10_000 }, (_, n) => `person-${n}-of-many@long-name.example.org`);
    await world.sql(`insert into app.mail values (77, 1, E'From: x@x.example\\r\\nTo: ${names.join(',\\r\\n ')}\\r\\n', 'x', null,
      '{${[...names, 'secret@x.example'].join(',')}}', '{}')`);
    await world.run({}, {}, edit);
    const rows = JSON.parse(text(open(), 'app.mail/rows.json')) as { id: number; rcpt: string[] }[];
    const { rcpt = [] } = rows.find(({ id }) => id === 77) ?? {};
    expect(rcpt.slice(0, 10_000)).toEqual(names);
    expect(rcpt[10_000]).toMatch(/^\[masked/);
    await world.sql('delete from app.mail where id = 77');
  });

  test('says of a value that is too large to be written that it is not there, and has the rest', {
    timeout: 60_000,
  }, async () => {
    await world.sql(
      `update app.mail set body = pg_catalog.convert_to(pg_catalog.repeat('x', 268500000), 'UTF8') where id = 4`,
    );
    const { summary } = await world.run({ mailForm: 'eml' }, {}, edit);
    expect(summary.missing).toEqual([{ table: 'app.mail', why: 'too-large', count: 1 }]);
    const files = open();
    expect(text(files, 'app.mail/4.header.txt')).toContain('Subject: four');
    expect(files.has('app.mail/4.eml')).toBe(false);
    await world.sql('update app.mail set body = null where id = 4');
  });

  test('an object that the store breaks off is told as missing, and no part of it is there', async () => {
    const broken: ExportContext['openBucket'] = () =>
      Promise.resolve({
        prefix: '',
        store: {
          open: () =>
            Promise.resolve({
              object: { size: 5 << 20 },
              body: (async function* () {
                yield new Uint8Array(1 << 20);
                throw failure('connection reset', { code: 'store-unreachable' });
              })(),
            }),
        } as unknown as NonNullable<Awaited<ReturnType<ExportContext['openBucket']>>>['store'],
      });
    const { summary } = await world.run({}, { openBucket: broken }, edit);
    expect(summary.missing).toEqual([
      { table: 'app.mail', why: 'object-unreadable', count: 1 },
      { table: 'app.part', why: 'object-unreadable', count: 2 },
    ]);
    expect([...open().keys()].filter((name) => name.includes('app.part/1'))).toEqual([]);
  });
});

test('stopped while several objects are asked for, it ends with one error', async () => {
  const stop = new AbortController();
  const unseen: unknown[] = [];
  const note = (error: unknown) => void unseen.push(error);
  process.on('unhandledRejection', note);
  const asked: ExportContext['openBucket'] = () => {
    stop.abort();
    return Promise.reject(new Error('stopped'));
  };
  await expect(world.run({}, { openBucket: asked, signal: stop.signal }, edit)).rejects.toThrow();
  await new Promise((done) => setImmediate(done));
  process.off('unhandledRejection', note);
  expect(unseen).toEqual([]);
  expect(await world.files()).toEqual([]);
});
