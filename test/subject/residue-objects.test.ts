import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { parseObjectKey } from '../../src/lib/platform/map/index.ts';
import { fieldScanner, searchFor, streamScanner } from '../../src/lib/subject/residue/index.ts';
import { type ScannedBucket, scanObjects } from '../../src/lib/subject/residue/scan-objects.ts';
import { shownKey } from '../../src/lib/subject/residue/shown-key.ts';
import { faultyStore, type StoreRule } from '../support/faulty-store.ts';

const name = 'ann@example.org';
const base64 = (text: string) => Buffer.from(text).toString('base64').replaceAll(/.{60}/g, '$&\r\n');
const mime = (text: string) => Buffer.from(text).toString('base64').replaceAll(/.{76}/g, '$&\r\n');
const templates = [
  { parts: parseObjectKey('raw/{tenant_id}/{id}.eml') ?? [], clear: new Set(['tenant_id', 'id']) },
];

let folder: string;
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-residue-'));
  store = await openLocalObjectStore({ path: folder, durability: 'fast' });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const scan = (bucket: Partial<ScannedBucket> = {}, signal = new AbortController().signal) =>
  scanObjects([{ bucket: 'mail', store, prefix: '', templates, ...bucket }], { names: [name], signal });
const put = (key: string, body: string | Uint8Array, options = {}) =>
  store.put(key, Buffer.from(body), options);
const lines = ({ found }: Awaited<ReturnType<typeof scan>>) =>
  found.map(({ place, column, form, rows }) => `${place} ${column} ${form} ${rows}`).toSorted();

describe('objects are looked through', () => {
  test.each<[string, string | Uint8Array, string]>([
    ['plain', 'To: Ann@Example.org\r\n', 'text'],
    ['with a soft line break', 'To: ann@exam=\r\nple.org\r\n', 'text'],
    ['in base64, across lines', base64(`${'x'.repeat(43)} To: ann@example.org`), 'base64'],
    [
      'in base64 with other letters capital',
      `x: y\r\n\r\n${mime('Hello, Ann@Example.Org wrote this and a good deal more')}\r\n--b`,
      'base64',
    ],
    [
      'in base64 that is quoted-printable within',
      mime('a line that is long enough: ann=40example.org'),
      'base64',
    ],
    [
      'in base64 whose lines are no groups of four',
      mime(`${'x'.repeat(70)} aNN@example.org`)
        .replaceAll('\r\n', '')
        .replaceAll(/.{33}/g, '$&\n'),
      'base64',
    ],
    [
      'in base64 with other letters capital, in gzip',
      gzipSync(mime('Hello, Ann@Example.Org wrote this')),
      'base64',
    ],
    ['compressed by gzip', gzipSync(`${'filler '.repeat(9999)}ann@example.org`), 'text'],
    ['compressed by zstd', zstdCompressSync(Buffer.from('ann@example.org')), 'text'],
    ['in two gzip members', Buffer.concat([gzipSync('first'), gzipSync(' ann@example.org')]), 'text'],
    ['in the header of gzip, which is not compressed', gzipNamed('ann@example.org.mbox'), 'text'],
  ])('%s', async (_, body, form) => {
    await put('raw/3/17.eml', body);
    await put('raw/3/18.eml', 'nobody');
    const result = await scan();
    expect(result).toMatchObject({
      found: [{ place: 'object mail/raw/3/17.eml', column: 'body', form, rows: 1 }],
      unasked: [],
      places: 1,
      objects: 2,
    });
  });

  test('and somebody else in base64 is not who is looked for', async () => {
    await put('raw/3/17.eml', `${mime('this is long enough to be a line: joann@example.org')}\r\n`);
    await put(
      'raw/3/18.eml',
      `${mime('a first part that ends with this: ann@exa')}\r\n--\r\n${mime('mple.org and a second part')}`,
    );
    expect((await scan()).found).toEqual([]);
  });

  test('every version, those behind a delete marker too, and what is stored beside them', async () => {
    await put('raw/3/1.eml', 'ann@example.org');
    await put('raw/3/1.eml', 'ann@example.org again');
    await put('raw/3/1.eml', 'clean', { metadata: { owner: 'ann@example.org' } });
    await store.delete('raw/3/1.eml');
    const result = await scan();
    expect(lines(result)).toEqual([
      'object mail/raw/3/1.eml body text 2',
      'object mail/raw/3/1.eml metadata text 1',
    ]);
    expect(result.objects).toBe(4);
  });

  test('and their keys, of delete markers too, of which nothing is shown', async () => {
    await put('export/ann@example.org.zip', 'x');
    const gone = await put('box/ANN%40example.org/1', 'x');
    await store.delete('box/ANN%40example.org/1');
    await store.delete('box/ANN%40example.org/1', { versionId: gone.versionId ?? '' });
    const result = await scan();
    expect(lines(result)).toEqual([
      expect.stringMatching(/^object mail\/\*#[0-9a-f]{8} key url-encoded 1$/),
      expect.stringMatching(/^object mail\/\*#[0-9a-f]{8} key text 1$/),
    ]);
    expect(JSON.stringify(result)).not.toMatch(/ann|export|box/i);
  });

  test('a prefix bounds the bucket, and is no part of its keys', async () => {
    await put('one/raw/3/1.eml', name);
    await put('two/raw/3/2.eml', name);
    expect(lines(await scan({ prefix: 'two/' }))).toEqual(['object mail/raw/3/2.eml body text 1']);
  });

  test('of more than a thousand that hold a name, the others are counted by bucket', async () => {
    for (let id = 0; id < 1010; id += 1) await put(`raw/1/${id}.eml`, name);
    const { found, objects } = await scan();
    expect(found.length).toBe(1001);
    expect(found.find(({ place }) => place === 'further objects of mail')).toMatchObject({ rows: 10 });
    expect(objects).toBe(1010);
  });
});

describe('what cannot be looked at is told, and never with its key', () => {
  const disturbed = (rules: readonly StoreRule[]) => scan({ store: faultyStore(store, rules) });
  let bob = '';
  beforeEach(async () => {
    bob = (await put('box/bob@x.example/1', `${name} ${'x'.repeat(3_000_000)}`)).versionId ?? '';
    await put('raw/3/2.eml', 'clean');
  });

  test('a version that cannot be opened', async () => {
    const result = await disturbed([{ operation: 'open', key: /bob/, fault: { kind: 'fail', why: 403 } }]);
    expect(result).toMatchObject({
      found: [],
      unasked: [{ source: expect.stringMatching(/^object mail\/\*\/\*\.\*\/1#/) }],
    });
    expect(JSON.stringify(result)).not.toContain('bob');
  });

  test('a body that comes short: what came of it counts', async () => {
    const result = await disturbed([
      { operation: 'open', key: /bob/, fault: { kind: 'truncate', bytes: 1_000_000 } },
    ]);
    expect(result.unasked).toHaveLength(1);
    expect(lines(result)).toEqual([expect.stringMatching(/body text 1$/)]);
  });

  test('one that is listed and not found', async () => {
    const open: StoreRule = { operation: 'open', key: /bob/, fault: { kind: 'vanish' } };
    expect((await disturbed([open])).unasked).toHaveLength(1);
    expect((await disturbed([open, { ...open, operation: 'head' }])).unasked).toEqual([]);
  });

  test('a bucket that cannot be listed, and the next one is', async () => {
    const bad = faultyStore(store, [
      { operation: 'listVersions', fault: { kind: 'fail', why: 403 } },
      { operation: 'list', fault: { kind: 'fail', why: 403 } },
    ]);
    const result = await scanObjects(
      [
        { bucket: 'bad', store: bad, prefix: '' },
        { bucket: 'mail', store, prefix: 'box/' },
      ],
      { names: [name], signal: new AbortController().signal },
    );
    expect(result).toMatchObject({
      places: 1,
      found: [{ column: 'body' }],
      unasked: [{ source: 'bucket bad' }],
    });
  });

  test('what only looks like gzip', async () => {
    await store.delete('box/bob@x.example/1', { versionId: bob });
    await put(
      'raw/3/3.eml',
      Buffer.concat([gzipSync('x'.repeat(99)).subarray(0, 15), Buffer.from(` ${name}`)]),
    );
    const result = await scan();
    expect(result.unasked).toEqual([
      { source: 'object mail/raw/3/3.eml', reason: 'it is not gzip to its end' },
    ]);
    expect(lines(result)).toEqual(['object mail/raw/3/3.eml body text 1']);
  });

  test('and somebody who stops it is heard within a body', async () => {
    const stop = new AbortController();
    let chunks = 0;
    async function* endless() {
      for (; chunks < 5000; chunks += 1) {
        if (chunks === 50) stop.abort(new Error('stopped'));
        yield Buffer.alloc(1024);
      }
    }
    const slow: ObjectStore = {
      ...store,
      open: async (key, options) => ({ object: (await store.open(key, options)).object, body: endless() }),
    };
    await expect(scan({ store: slow }, stop.signal)).rejects.toThrow('stopped');
    expect(chunks).toBeLessThan(100);
  });
});

test('a store that lists no versions is looked through by what it shows', async () => {
  await put('raw/3/1.eml', name);
  const flat: ObjectStore = {
    ...faultyStore(store, [{ operation: 'listVersions', fault: { kind: 'fail', why: 403 } }]),
    capabilities: async () => ({ ...(await store.capabilities()), versioning: false }),
  };
  expect(lines(await scan({ store: flat }))).toEqual(['object mail/raw/3/1.eml body text 1']);
});

test('of a key is shown what the map says, and numbers; of anything else a mark', () => {
  const show = (key: string) => shownKey(key, templates, 'no-name');
  expect(show('raw/3/17.eml')).toBe('raw/3/17.eml');
  expect(show('raw/3/bob.eml')).toMatch(/^raw\/3\/\*\.eml#[0-9a-f]{8}$/);
  expect(show('in/3/bob@x.example/17.eml')).toMatch(/^\*\/3\/\*\.\*\/17\.\*#[0-9a-f]{8}$/);
  expect(show('sms/491701234567')).not.toContain('491701234567');
  const personal = [{ parts: parseObjectKey('sms/{phone}') ?? [], clear: new Set<string>() }];
  expect(shownKey('sms/491701234567', personal, 'no-name')).toMatch(/^sms\/\*#/);
});

test('a name is found wherever chunks end, and is whole only as a whole', () => {
  const search = searchFor([name]);
  const formsIn = (text: string, size: number) => {
    const scanner = streamScanner(search);
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) scanner.feed(bytes.subarray(at, at + size));
    return [...scanner.end()];
  };
  const long = 'y'.repeat(40_000);
  for (const size of [1, 7, 4096, 16_384, 20_000]) {
    expect(formsIn(`${long} ann@example.org ${long}`, size)).toEqual(['text']);
    expect(formsIn(`${long} joann@example.org ${long}`, size)).toEqual([]);
    expect(formsIn(`${long} ann@example.organic ${long}`, size)).toEqual([]);
    expect(formsIn(`${long} ann@example.org.uk ${long}`, size)).toEqual([]);
    expect(formsIn(`${long} ann@exam=\r\nple.org`, size)).toEqual(['text']);
    expect(
      formsIn(`joann@example.org ${long} ${long} ann%40example.org ${long} ann@example.org`, size),
    ).toEqual(['url-encoded', 'text']);
    expect(formsIn(`joann@example.org ${long} joann@example.org ${long}joann@example.org`, size)).toEqual([]);
    expect(formsIn(`${long}\n${base64(`${'z'.repeat(40)} ann@example.org `)}`, size)).toEqual(['base64']);
  }
});

test('what is sifted holds what a careful look at all of it finds', () => {
  const search = searchFor([name]);
  const filler = [
    'filler '.repeat(3000),
    'a'.repeat(17_000),
    mime(' ann@example.org '),
    mime('joann@example.org'),
  ];
  const short = [
    'ann@',
    'example.org',
    'Ann@Example.org',
    'jo',
    ' ',
    '=\r\n',
    '=',
    '\n',
    '.',
    '.eml',
    '=40',
    '%40',
  ];
  const piece = fc.constantFrom('\u0000', ...filler, ...short);
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 5 }),
      (pieces, sizes) => {
        const bytes = Buffer.from(pieces.join(''));
        const careful = fieldScanner(search);
        for (const byte of bytes) careful.feed(byte);
        const sifting = streamScanner(search);
        for (let at = 0, n = 0; at < bytes.length; n += 1) {
          const size = sizes[n % sizes.length] ?? 1;
          sifting.feed(bytes.subarray(at, at + size));
          at += size;
        }
        expect([...sifting.end()].toSorted()).toEqual([...careful.end()].toSorted());
      },
    ),
    { numRuns: 200 },
  );
});

/** A gzip header with FNAME (RFC 1952 §2.3). */
function gzipNamed(file: string): Buffer {
  const plain = gzipSync('nothing');
  const header = Buffer.from(plain.subarray(0, 10));
  header[3] = 8;
  return Buffer.concat([header, Buffer.from(`${file}\0`), plain.subarray(10)]);
}
