import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPlatform } from '../../src/lib/platform/connection.ts';
import { returnTenant } from '../../src/lib/subject/offboard/index.ts';
import { eraseMap, eraseSchema } from '../support/erase-platform.ts';
import { type EraseWorld, eraseWorld, wholePlatform } from '../support/erase-world.ts';

let world: EraseWorld;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-return-'));
  world = await eraseWorld({
    schema: `${eraseSchema};
      alter table app.account add password text;
      update app.account set password = 'PASSWORD-' || id`,
    map: eraseMap.replace(
      '      name: {type: text, category: user.name}\n    erase: delete\n  app.alias',
      `      name: {type: text, category: user.name}
      password: {type: text, category: user.authorization.password}
    erase: delete
  app.alias`,
    ),
  });
});
afterEach(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

async function handOut(
  tenant: string,
  signal = new AbortController().signal,
  role?: string,
  splitAt?: number,
) {
  const db = await openPlatform(world.url);
  if (role !== undefined) await db.query(`set role ${role}`);
  try {
    return await returnTenant(
      {
        db,
        map: world.map,
        openBucket: () => Promise.resolve({ store: world.store, prefix: '' }),
        dataKeyOf: () => Promise.reject(new Error('nothing is encrypted here')),
        tool: 'postern test',
        at: new Date('2026-11-20'),
        signal,
        sign: () => Promise.resolve('{}\n'),
      },
      {
        tenant,
        folder,
        fileName: (part) => (part === undefined ? 'one.zip' : `part${part}.zip`),
        sealedFor: undefined,
        splitAt,
        mailForm: 'both',
      },
    );
  } finally {
    await db.end();
  }
}

const reader =
  'import sys,zipfile,json; z=zipfile.ZipFile(sys.argv[1]); print(json.dumps({n: z.read(n).decode("utf-8","replace") for n in z.namelist()}))';
const read = (file: string): Record<string, string> =>
  JSON.parse(execFileSync('python3', ['-c', reader, file], { encoding: 'utf8' }));
const rowsOf = (files: Record<string, string>, table: string): unknown =>
  JSON.parse(files[`${table}/rows.json`] ?? 'null');

test('in several parts, each says where the file is that tells what is where', async () => {
  const { archives } = await handOut('1', undefined, undefined, 20_000);
  expect(archives.length).toBeGreaterThan(1);
  expect(read(archives[0]?.file ?? '')['README.txt']).toContain('tables.json, which tells what is where');
  expect(read(archives.at(-1)?.file ?? '')).toHaveProperty('tables.json');
  for (const { file } of archives) await rm(file);
});

test('all that the tenant has, also what a law keeps; nothing of the other one, no secret', async () => {
  await world.store.put(
    'raw/k1.eml',
    Buffer.from('From: bob@example.org\r\nBcc: hidden@x.example\r\n\r\nWHOLE\r\n'),
  );
  await world.store.put('raw/k3.eml', Buffer.from('OF-TENANT-TWO'));
  await world.store.put('part/p-own', Buffer.from('PART-OF-ONE'));
  const before = await wholePlatform(world);
  const returned = await handOut('1');
  const files = read(join(folder, 'one.zip'));
  const counts = Object.fromEntries(returned.tables.map(({ table, rows }) => [table, rows]));
  expect(counts).toEqual({
    'app.tenant': 1,
    'app.account': 2,
    'app.alias': 3,
    'app.box': 3,
    'app.mail': 3,
    'app.body': 2,
    'app.copy': 2,
    'app.part': 2,
    'app.card': 1,
    'app.card_change': 1,
    'app.log': 2,
    'app.note': 2,
    'app.invoice': 1,
  });
  expect(rowsOf(files, 'app.tenant')).toMatchObject([{ id: 1, name: 'one' }]);
  expect(rowsOf(files, 'app.invoice')).toMatchObject([{ number: 'R-1', email: 'ann@example.org' }]);
  expect(rowsOf(files, 'app.log')).toMatchObject([{ account_id: 10 }, { account_id: 11 }]);
  const whole = Object.values(files).join('\n');
  // The controller gets blind copies too.
  expect(whole).toContain('hidden@x.example');
  expect(whole).toContain('PART-OF-ONE');
  expect(whole).not.toMatch(/PASSWORD-|OF-TENANT-TWO|To Bob alone|dora@d\.example|"name":"Bob"/);
  expect(returned.left.map(({ table }) => table)).toEqual(['app.check_result', 'app.seen', 'app.busy']);
  // Of the other part, the object is wanting, and that is told.
  expect(returned.missing).toEqual([{ table: 'app.part', why: expect.any(String), count: 1 }]);
  expect(JSON.parse(files['manifest.json'] ?? '{}')).toMatchObject({
    format: 'urn:postern:format:tenant-return:v1',
    tenant: '1',
  });
  expect(await wholePlatform(world)).toEqual(before);
});

test('nothing is left where nobody is of that name, the file is there, or it is stopped', async () => {
  for (const tenant of ['3', '01', "1' or true --"]) {
    await expect(handOut(tenant)).rejects.toMatchObject({ exitCode: 2, code: 'tenant-unknown' });
  }
  await expect(handOut('1', AbortSignal.abort())).rejects.toThrow();
  expect(await readdir(folder)).toEqual([]);
  await handOut('1');
  await expect(handOut('1')).rejects.toMatchObject({ exitCode: 2, code: 'out-exists' });
  expect(await readdir(folder)).toEqual(['one.zip']);
});

test('a login from which row security hides rows hands out nothing, rather than a part', async () => {
  const role = `return_less_${process.pid}`;
  await world.query(`create role ${role}; grant usage on schema app to ${role}; grant select on all tables in schema app to ${role};
    alter table app.card enable row level security`);
  try {
    await expect(handOut('1', undefined, role)).rejects.toMatchObject({ exitCode: 6, code: 'row-security' });
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await world.query(`drop owned by ${role}; drop role ${role}`);
  }
});
