import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { collect, objectStoreContract } from '../contract/object-store.ts';

const text = (value: string) => new TextEncoder().encode(value);
const writer = fileURLToPath(new URL('../support/object-writer.ts', import.meta.url));

let folder: string;
let store: ObjectStore;
let fast: ObjectStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-store-'));
  store = await openLocalObjectStore({ path: join(folder, 'store') });
  fast = await openLocalObjectStore({ path: join(folder, 'fast'), durability: 'fast' });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

objectStoreContract('a folder', 'exclusive at once', () => store);

/** A store of its own, and where one of its objects keeps its files. */
async function freshStore(options: { readonly clock?: { now(): Date } } = {}) {
  const root = join(folder, randomBytes(6).toString('hex'));
  return { root, store: await openLocalObjectStore({ path: root, ...options }) };
}

objectStoreContract('a folder without syncing', 'exclusive at once', () => fast);

const onlyFile = async (path: string, ending: string) => {
  const found = (await readdir(path)).filter((name) => name.endsWith(ending));
  expect(found).toHaveLength(1);
  return join(path, found[0] as string);
};

describe('what a person finds in the folder', () => {
  test('is the newest bytes of every key under its own name', async () => {
    const { root, store: own } = await freshStore();
    await own.put('backups/set 1/SHA256SUMS', text('old'));
    await own.put('backups/set 1/SHA256SUMS', text('new'));
    const view = join(root, 'objects/backups/set 1/SHA256SUMS');
    expect(await readFile(view, 'utf8')).toBe('new');
    const [newest] = await collect(own.listVersions(''));
    await own.delete('backups/set 1/SHA256SUMS', { versionId: newest?.versionId as string });
    expect(await readFile(view, 'utf8')).toBe('old');
    await own.delete('backups/set 1/SHA256SUMS');
    await expect(stat(view)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readdir(join(root, 'objects/backups/set 1'))).toEqual([]);
  });

  test('is put right by a reader when a crash left it wrong', async () => {
    const { root, store: own } = await freshStore();
    await own.put('a/b', text('right'));
    const view = join(root, 'objects/a/b');
    await rm(view);
    await own.head('a/b');
    expect(await readFile(view, 'utf8')).toBe('right');
    await rm(view);
    await writeFile(view, 'wrong');
    await own.get('a/b');
    expect(await readFile(view, 'utf8')).toBe('right');
  });

  test('never is a way out of the folder, whatever the key', async () => {
    const { root, store: own } = await freshStore();
    for (const key of ['/etc/x', '//x', 'a//b', 'c/', '~/x', '%2e%2e/x', '.tmp-x', '.name', 'A@', 'b@/c']) {
      await own.put(key, text(key));
      expect(Buffer.from(await own.get(key)).toString()).toBe(key);
    }
    expect((await collect(own.list(''))).map(({ key }) => key)).toEqual([
      '%2e%2e/x',
      '.name',
      '.tmp-x',
      '//x',
      '/etc/x',
      'A@',
      'a//b',
      'b@/c',
      'c/',
      '~/x',
    ]);
    expect((await readdir(root)).toSorted()).toEqual(['objects', 'postern-object-store.json', 'versions']);
  });

  test('can be read by its owner alone', async () => {
    const { root, store: own } = await freshStore();
    await own.put('secret', text('x'));
    expect((await stat(root)).mode & 0o077).toBe(0);
    expect((await stat(join(root, 'objects/secret'))).mode & 0o277).toBe(0);
  });
});

describe('a damaged object', () => {
  test('with one changed byte is found by every whole read', async () => {
    const { root, store: own } = await freshStore();
    await own.put('x', randomBytes(3_000_000));
    const data = await onlyFile(join(root, 'versions/x@'), '.data');
    const bytes = await readFile(data);
    bytes.writeUInt8(bytes.readUInt8(2_999_999) ^ 1, 2_999_999);
    await rm(data);
    await writeFile(data, bytes);
    const corrupt = { code: 'object-corrupt', exitCode: 5 };
    await expect(own.get('x')).rejects.toMatchObject(corrupt);
    let received = 0;
    const read = async () => {
      for await (const chunk of own.getStream('x')) received += chunk.byteLength;
    };
    await expect(read()).rejects.toMatchObject(corrupt);
    expect(received).toBeLessThan(3_000_000);
  });

  test('that is cut short or gone is found, in a range too', async () => {
    const { root, store: own } = await freshStore();
    await own.put('x', text('0123456789'));
    const data = await onlyFile(join(root, 'versions/x@'), '.data');
    const corrupt = { code: 'object-corrupt', exitCode: 5 };
    await rm(data);
    await writeFile(data, '012345678');
    await expect(own.get('x', { range: { start: 0, end: 3 } })).rejects.toMatchObject(corrupt);
    await rm(data);
    await expect(own.get('x')).rejects.toMatchObject(corrupt);
  });

  test('whose record was changed is not believed', async () => {
    const { root, store: own } = await freshStore();
    const retention = { mode: 'compliance', until: new Date('2099-01-01T00:00:00Z') } as const;
    const { versionId } = await own.put('x', text('x'), { retention });
    const record = await onlyFile(join(root, 'versions/x@'), '.json');
    await writeFile(record, (await readFile(record, 'utf8')).replace('2099', '2019'));
    const corrupt = { code: 'object-corrupt', exitCode: 5 };
    await expect(own.delete('x', { versionId: versionId as string })).rejects.toMatchObject(corrupt);
    await expect(own.head('x')).rejects.toMatchObject(corrupt);
    await expect(collect(own.list(''))).rejects.toMatchObject(corrupt);
    await writeFile(record, '{');
    await expect(own.get('x')).rejects.toMatchObject(corrupt);
  });
});

describe('retention in the folder', () => {
  test.each(['governance', 'compliance'] as const)(
    'under %s ends when its time has come, not before',
    async (mode) => {
      let now = new Date('2026-01-01T00:00:00Z');
      const { store: own } = await freshStore({ clock: { now: () => now } });
      const until = new Date('2026-02-01T00:00:00Z');
      const put = await own.put('x', text('x'), { retention: { mode, until } });
      const version = { versionId: put.versionId as string };
      now = new Date(until.getTime() - 1);
      expect(await own.delete('x', version)).toBe('retained');
      now = until;
      expect(await own.delete('x', version)).toBe('deleted');
    },
  );
});

describe('after a crash', () => {
  test('what was not committed is not there, and is swept once it is a day old', async () => {
    const { root, store: own } = await freshStore();
    await own.put('x', text('x'));
    const at = join(root, 'versions/x@');
    await mkdir(join(root, 'versions/never@'), { recursive: true });
    const old = [join(at, '.tmp-0123'), join(at, 'dead.data')];
    const recent = join(at, 'alive.data');
    for (const path of [...old, recent, join(root, 'versions/never@/dead.data')])
      await writeFile(path, 'half');
    const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000);
    for (const path of old) await utimes(path, twoDaysAgo, twoDaysAgo);
    expect(await collect(own.list(''))).toMatchObject([{ key: 'x' }]);
    expect(await collect(own.listVersions(''))).toHaveLength(1);
    expect(await own.head('never')).toBeUndefined();
    await own.put('x', text('y'));
    const left = await readdir(at);
    expect(left).toContain('alive.data');
    expect(left).not.toContain('dead.data');
    expect(left).not.toContain('.tmp-0123');
    expect(await collect(own.listVersions(''))).toHaveLength(2);
    expect(Buffer.from(await own.get('x')).toString()).toBe('y');
  });

  test('a failed put leaves nothing', async () => {
    const { root, store: own } = await freshStore();
    await own.put('w', text('w'));
    // A file where the folder of the key must be: no version can be written.
    await writeFile(join(root, 'versions/x@'), '');
    await expect(own.put('x', text('x'))).rejects.toMatchObject({ name: 'PosternError', exitCode: 1 });
    expect((await readdir(join(root, 'versions'))).toSorted()).toEqual(['w@', 'x@']);
    expect(await collect(own.list(''))).toMatchObject([{ key: 'w' }]);
  });
});

describe('several processes', () => {
  test('create a key exactly once, and add versions without losing one', async () => {
    const { root, store: own } = await freshStore();
    const run = promisify(execFile);
    const outputs = await Promise.all(
      ['a', 'b', 'c'].map((name) => run(process.execPath, [writer, root, name])),
    );
    const won = outputs
      .flatMap(({ stdout }) => stdout.trim().split('\n'))
      .filter((line) => line.startsWith('won'));
    expect(won).toHaveLength(20);
    const versions = await collect(own.listVersions('shared'));
    expect(versions).toHaveLength(60);
    expect(new Set(versions.map(({ versionId }) => versionId)).size).toBe(60);
    expect(await readFile(join(root, 'objects/shared'), 'utf8')).toBe(
      Buffer.from(await own.get('shared')).toString(),
    );
  }, 60_000);
});

describe('a writer killed at any moment', () => {
  test('leaves a store in which every listed object is whole and a new writer can go on', async () => {
    const { root, store: own } = await freshStore();
    for (let lines = 1; lines <= 9; lines += 2) {
      const child = spawn(process.execPath, [writer, root, 'killed'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let seen = 0;
      for await (const chunk of child.stdout) {
        seen += String(chunk).split('\n').length - 1;
        if (seen >= lines) child.kill('SIGKILL');
      }
      for await (const { key } of own.list(''))
        expect(Buffer.from(await own.get(key)).toString()).toBe('killed');
      for await (const { key, versionId } of own.listVersions('')) {
        expect(await own.head(key, { versionId: versionId as string })).toMatchObject({ size: 6 });
      }
    }
    await own.put('shared', text('after'));
    expect(await readFile(join(root, 'objects/shared'), 'utf8')).toBe('after');
  }, 60_000);
});

describe('opening', () => {
  test('refuses a folder that holds something else, and one of a newer format', async () => {
    const other = join(folder, 'other');
    await mkdir(other);
    await writeFile(join(other, 'letter.txt'), 'dear');
    await expect(openLocalObjectStore({ path: other })).rejects.toMatchObject({
      code: 'store-not-a-store',
      exitCode: 2,
    });
    expect(await readdir(other)).toEqual(['letter.txt']);
    const { root, store: own } = await freshStore();
    await own.put('x', text('x'));
    await writeFile(join(root, 'postern-object-store.json'), '{"format":"postern-object-store","version":2}');
    await expect(openLocalObjectStore({ path: root })).rejects.toMatchObject({
      code: 'store-too-new',
      exitCode: 2,
    });
  });

  test('makes the store with the first object: who only looks leaves nothing behind', async () => {
    const { root, store: own } = await freshStore();
    expect(await collect(own.list(''))).toEqual([]);
    expect(await own.head('x')).toBeUndefined();
    expect(await own.delete('x')).toBe('absent');
    await expect(readdir(root)).rejects.toMatchObject({ code: 'ENOENT' });
    await Promise.all(['x', 'y', 'z'].map((key) => own.put(key, text(key))));
    expect(await readdir(root)).toContain('postern-object-store.json');
  });

  test('stores nothing in a folder that somebody else has filled by then', async () => {
    const { root, store: own } = await freshStore();
    await mkdir(root);
    await writeFile(join(root, 'letter.txt'), 'dear');
    await expect(own.put('x', text('x'))).rejects.toMatchObject({ code: 'store-not-a-store' });
    expect(await readdir(root)).toEqual(['letter.txt']);
  });

  test('finds what was stored before', async () => {
    const { root, store: own } = await freshStore();
    await own.put('x', text('kept'));
    const again = await openLocalObjectStore({ path: root });
    expect(Buffer.from(await again.get('x')).toString()).toBe('kept');
  });
});
