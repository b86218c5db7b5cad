import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withConnection } from '../../../src/lib/base/postgres.ts';
import { readCatalog } from '../../../src/lib/platform/catalog/index.ts';
import { readDataMap } from '../../../src/lib/platform/map/index.ts';
import { checkObjects, type KeySource, KeySourceError } from '../../../src/lib/platform/map/scan/index.ts';
import { takeInventory } from '../../../src/lib/platform/map/scan/object/inventory.ts';
import { formOf, keyParts } from '../../../src/lib/platform/map/scan/object/key-form.ts';
import { knownWords } from '../../../src/lib/platform/map/scan/object/known-words.ts';
import { type ScanWorld, scanWorld } from './scan-fixture.ts';

const signal = new AbortController().signal;
const source = (keys: Iterable<string>, bucket = 'mail'): KeySource => ({
  bucket,
  keys: async function* list() {
    yield* keys;
  },
});
const uuids = Array.from({ length: 30 }, () => randomUUID());
const hashes = Array.from({ length: 30 }, (_, n) => createHash('sha256').update(String(n)).digest('hex'));
const numbers = Array.from({ length: 60 }, (_, n) => n + 1);

let world: ScanWorld;
beforeAll(async () => {
  world = await scanWorld(`
    create table tenants (id int primary key, code text unique);
    create table messages (id bigint primary key, tenant_id int not null, size int);
    create table parts (id bigint primary key, tenant_id int not null, storage_key text, etag text);
    create table files (id uuid primary key, owner int, place text);
    create table papers (id int primary key, place text);
    insert into papers select n, 'report/' || (array['north', 'south', 'east', 'west'])[n % 4 + 1] from generate_series(1, 5) n;
    create table people (id int primary key, login text unique, mail text);
    insert into tenants select n, 'code-' || n from generate_series(1, 3) n;
    insert into messages select n, n % 3 + 1, 10 from generate_series(1, 60) n;
    insert into parts select n + 1000, n % 3 + 1, null, (array['${hashes.join("','")}'])[(n - 1) / 2 + 1] from generate_series(1, 60) n;
    update parts set storage_key = 'attachment/' || tenant_id || '/' || etag;
    insert into files select id::uuid, 1, 'blob/' || md5(id) from unnest(array['${uuids.join("','")}']) id;
    insert into people select n, 'login.of-' || chr(96 + n), 'person' || n || '@example.org' from generate_series(1, 20) n;
  `);
});
afterAll(async () => {
  await world?.database.drop();
});

async function scan(keys: Iterable<string>) {
  const found = await world.scan({ objects: { sources: [source(keys)], signal } });
  const { map, findings } = await world.draft(found);
  const objects = Object.entries(map.tables).flatMap(([table, { fields = {} }]) =>
    Object.entries(fields).flatMap(([column, { object }]) =>
      object === undefined ? [] : [{ table, column, ...object }],
    ),
  );
  return { ...found, map, findings, drafted: objects };
}

describe('templates of keys are found', () => {
  test('from ids, where no column holds the key', async () => {
    const { drafted, proposals, objects } = await scan(numbers.map((n) => `raw/${(n % 3) + 1}/${n}.eml`));
    expect(drafted).toEqual([
      {
        table: 'public.messages',
        column: 'object',
        bucket: 'mail',
        key: 'raw/{tenant_id}/{id}.eml',
        format: 'eml',
        versions: 'all',
      },
    ]);
    expect(proposals.filter(({ what }) => what === 'object')).toMatchObject([
      { table: 'public.messages', value: 'mail: raw/{tenant_id}/{id}.eml', confidence: 'high' },
    ]);
    expect(objects).toMatchObject([
      { form: 'raw/<number>/<number>.eml', keys: 60, table: 'public.messages' },
    ]);
  });

  test('from a column that holds them and others that they are made of; and that several rows name one', async () => {
    const { drafted } = await scan(
      new Set(numbers.map((n) => `attachment/${(n % 3) + 1}/${hashes[Math.floor((n - 1) / 2)]}`)),
    );
    expect(drafted).toEqual([
      {
        table: 'public.parts',
        column: 'storage_key',
        bucket: 'mail',
        key: 'attachment/{tenant_id}/{etag}',
        format: 'TODO',
        versions: 'all',
        deduplicated: true,
      },
    ]);
  });

  test('from a column alone, where nothing else tells how they are made', async () => {
    const { drafted } = await scan(uuids.map((id) => `blob/${createHash('md5').update(id).digest('hex')}`));
    expect(drafted).toMatchObject([{ table: 'public.files', column: 'place', key: '{place}' }]);
  });

  test('where several rows hold one key, and only the sampled one is asked for', async () => {
    const { drafted } = await scan(['report/north']);
    expect(drafted).toMatchObject([{ table: 'public.papers', key: '{place}', deduplicated: true }]);
  });

  test('from uuids, and from texts, of which none is shown', async () => {
    expect((await scan(uuids.map((id) => `file/${id}.pdf`))).drafted).toMatchObject([
      { table: 'public.files', column: 'object', key: 'file/{id}.pdf' },
    ]);
    const logins = Array.from({ length: 20 }, (_, n) => `login.of-${String.fromCharCode(97 + n)}`);
    const { drafted, text, objects } = await scan(logins.map((login) => `mailbox/${login}/export.mbox`));
    expect(drafted).toMatchObject([
      { table: 'public.people', key: 'mailbox/{login}/export.mbox', format: 'mbox' },
    ]);
    expect(text + JSON.stringify(objects)).not.toMatch(/login\.of/);
  });
});

describe('what is not clear stays open', () => {
  test('keys that no table explains are a TODO of their own', async () => {
    const { drafted, text, map, findings, objects } = await scan([
      'export/ann.bee@example.org.zip',
      'export/Carl.zip',
    ]);
    expect(drafted).toEqual([]);
    expect(map.ignore).toEqual([{ bucket: 'mail', prefix: 'export/', reason: 'TODO' }]);
    expect(findings.filter(({ path }) => path[0] === 'ignore')).toMatchObject([{ rule: 'MAP11' }]);
    expect(objects).toMatchObject([{ form: 'export/<text>.zip', keys: 2, table: null }]);
    expect(text).not.toMatch(/ann\.bee|Carl/);
  });

  test('a prefix that others have too is not to be ignored', async () => {
    const keys = [...numbers.map((n) => `raw/${(n % 3) + 1}/${n}.eml`), 'raw/index/9999.json'];
    const { map, text } = await scan(keys);
    expect(map.ignore).toBeUndefined();
    expect(text).toContain(
      '# TODO: say at a table whose rows they belong to: 1 key of the form raw/<text>/<number>.json',
    );
  });

  test('numbers that are ids of several tables, unless the key is called after one', async () => {
    expect((await scan([1, 2, 3].map((n) => `blob/${n}.bin`))).objects[0]?.reason).toMatch(
      /^they may belong to any of \d tables/,
    );
    expect((await scan([1, 2, 3].map((n) => `message/${n}.bin`))).objects[0]?.table).toBe('public.messages');
  });

  test('keys that hold anything at all', async () => {
    const odd = [
      'a{b}/1',
      '99999999999999999999/1.eml',
      'x\ny/2',
      '',
      '/',
      '//',
      '..eml',
      '\u202e/3',
      'raw/00012/01.eml',
      `raw/${'9'.repeat(18)}/1.eml`,
    ];
    const { text, findings } = await scan(odd);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(findings.map(({ rule }) => rule).filter((rule) => rule !== 'MAP11')).toEqual([]);
  });

  test('a bucket that cannot be listed is told, and the rest is drafted', async () => {
    const broken: KeySource = {
      bucket: 'gone',
      keys: async function* fail() {
        yield 'raw/1/1.eml';
        throw new KeySourceError('the store refuses to give it');
      },
    };
    const { unseen, tables } = await world.scan({ objects: { sources: [broken], signal } });
    expect(unseen).toEqual([{ table: 'bucket gone', column: null, reason: 'the store refuses to give it' }]);
    expect(tables).toBe(6);
  });

  test('a bucket of more keys than are read is told', async () => {
    function* keys() {
      for (let n = 0; n <= 200_000; n += 1) yield `none/${n}`;
    }
    const { unseen } = await scan({ [Symbol.iterator]: keys });
    expect(unseen).toEqual([
      { table: 'bucket mail', column: null, reason: 'only the first 200,000 keys were read' },
    ]);
  });

  test('without values, nothing is compared', async () => {
    const objects = { sources: [source(['raw/1/1.eml'])], signal };
    expect((await world.scan({ look: undefined, objects })).objects).toEqual([]);
  });
});

test('an inventory is bounded, and spread over all keys', async () => {
  const words = knownWords([]);
  function* keys() {
    for (let n = 0; n < 10_000; n += 1) yield `raw/${n}.eml`;
  }
  const { forms, keys: read, isCut } = await takeInventory(source(keys()), { words, limit: 9000, signal });
  expect([read, isCut, forms.length, forms[0]?.keys]).toEqual([9000, true, 1, 9000]);
  const sample = forms[0]?.sample.map(({ key }) => Number(/\d+/.exec(key)?.[0])) ?? [];
  expect(sample.length).toBeLessThanOrEqual(40);
  expect(sample.length).toBeGreaterThanOrEqual(15);
  expect(Math.max(...sample)).toBeGreaterThan(8000);
  // Half of them from the first half.
  const middle = sample[Math.floor(sample.length / 2)] ?? 0;
  expect(middle).toBeGreaterThan(3000);
  expect(middle).toBeLessThan(6000);
});

test.each([
  ['raw/3/17.eml', 'raw/<number>/<number>.eml'],
  ['msg-17_part.eml.gz', 'msg-<number>_part.eml.gz'],
  [`2026/11/${randomUUID()}`, '<number>/<number>/<uuid>'],
  ['ann/inbox/1', '<text>/inbox/<number>'],
  ['raw/ann17/x', 'raw/<text>/<text>'],
  ['export/bob.smith.zip', 'export/<text>.zip'],
  ['export/bob.smith', 'export/<text>'],
  ['Messages/bodies/1', 'Messages/bodies/<number>'],
  [`img/${'a1'.repeat(16)}`, 'img/<hash>'],
])('the form of %s is %s', (key, form) => {
  expect(formOf(keyParts(key, knownWords([])))).toBe(form);
});

describe('a check of the keys', () => {
  const map = `version: 1
subjects: {}
tables:
  public.messages:
    primary_key: [id]
    ownership: exclusive
    fields: {raw: {object: {bucket: mail, key: "raw/{tenant_id}/{id}.eml", format: eml}}}
ignore: [{bucket: mail, prefix: tmp/, reason: nothing}]
`;
  const check = async (keys: Iterable<string>, bucket = 'mail') => {
    const loaded = (await readDataMap(map, 'map')).map;
    return withConnection({ url: world.database.url, role: 'test' }, async (db) =>
      checkObjects(loaded, (await readCatalog(db)).relations, { sources: [source(keys, bucket)], signal }),
    );
  };

  test('is quiet about those of templates and of ignored prefixes', async () => {
    expect(await check(['raw/1/2.eml', 'raw/x/y.eml', 'tmp/anything/at/all'])).toEqual({
      findings: [],
      unseen: [],
    });
  });

  test('finds a new prefix and says its form, and no key', async () => {
    const { findings } = await check([
      'raw/1/2.eml',
      'export/ann@x.example.zip',
      'export/bob.zip',
      'raw/1/2.eml.bak',
      'tmp',
    ]);
    expect(findings.map(({ rule, message }) => `${rule} ${message}`)).toEqual([
      'DATA04 the bucket mail has 2 keys of the form export/<text>.zip, which no template makes and nothing ignores',
      expect.stringContaining('1 key of the form raw/<number>/<text>'),
      expect.stringContaining('1 key of the form tmp,'),
    ]);
    expect(JSON.stringify(findings)).not.toMatch(/ann|bob/);
  });

  test('finds a bucket that the map says nothing of', async () => {
    expect((await check(['raw/1/2.eml'], 'other')).findings).toHaveLength(1);
  });
});
