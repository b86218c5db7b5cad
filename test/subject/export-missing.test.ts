import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sealColumnValue } from '../../src/lib/crypto/column-value.ts';
import { sha256Hex } from '../../src/lib/crypto/sha256.ts';
import { describeWith } from '../support/optional.ts';
import { type Manifest, manifest, rows, text } from './export-reader.ts';
import { type ExportWorld, unzipped, withExportWorld } from './export-world.ts';

let world: ExportWorld;
withExportWorld((made) => {
  world = made;
});

describeWith(['python3'], 'what an archive lacks, and how it is cut', ({ python3 }) => {
  const open = (name = 'out.zip') => unzipped(python3, join(world.folder, name));

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
    expect(files.has('app.mail/3/app.part/2-Ubersicht_1.pdf')).toBe(true);
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
  // Of one name in two tenants nobody can say that it is one person, and each tenant answers for its own.
  await world.sql(`insert into app.account (id, tenant, email) values (3, 2, 'ann@münster.example')`);
  await expect(world.run()).rejects.toMatchObject({ code: 'subject-ambiguous', exitCode: 6 });
  expect((await world.run({ tenant: '1' })).summary.tables[0]?.exported.rows).toBe(1);
  for (const file of await world.files()) await rm(join(world.folder, file));
  expect((await world.run({ onePerson: true })).summary.tables[0]?.exported.rows).toBe(2);
  for (const file of await world.files()) await rm(join(world.folder, file));
  await world.sql('delete from app.account where id = 3');
  await expect(world.run({ shared: ['ann@münster.example'] })).rejects.toMatchObject({
    code: 'name-shared',
    exitCode: 2,
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
