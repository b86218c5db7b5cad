import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runBackup } from '../../src/lib/backup/run.ts';
import { showSet } from '../../src/lib/backup/show.ts';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { type GpgHome, openGpgHome } from '../crypto/gpg-home.ts';
import { type BackupWorld, backupWorld } from '../support/backup-world.ts';
import { projectRoot } from '../support/cli.ts';
import { describeWith } from '../support/optional.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

// What docs/formats/backup-set.md says is enough to read a set: the reader in examples/ is written from it alone.
describeWith(['python3', 'gpg', 'zstd'], 'the reader in examples', ({ python3, gpg }) => {
  let platform: TestDatabase;
  let world: BackupWorld;
  let home: GpgHome;
  let folder: string;
  let setId: string;

  beforeAll(async () => {
    platform = await testDatabase();
    await withConnection({ url: platform.url, role: 'test' }, (client) =>
      client.query(`
        create table person (id int primary key, name text, note text);
        insert into person values (1, 'Ada', null), (2, 'Grace', E'two\\nlines'), (3, E'tab\\there', '\\\\');
        create table many (n bigint, body text);
        insert into many select n, md5(n::text) from generate_series(1, 40000) n;
        create table nothing (id int);
        create table columnless ();
        insert into columnless default values;
        insert into columnless default values;
        select lo_from_bytea(70001, ''), lo_from_bytea(70002, 'a large object'),
               lo_from_bytea(70003, decode(repeat('00ff', 3000000), 'hex'));
      `),
    );
    world = await backupWorld({ platformUrl: platform.url });
    ({ setId } = await runBackup(world.context({ options: { partSize: 2 ** 18 } })));
    folder = join(world.storePath, 'objects/backup/test', setId);
    home = openGpgHome(gpg);
    home.must(['--import'], world.keys.operations.secretKey);
    home.must(['--import'], world.keys.signer.publicKey);
  });

  afterAll(async () => {
    home?.close();
    await world?.close();
    await platform?.drop();
  });

  function read(signer = world.keys.signer.fingerprint) {
    const gnupgHome = join(home.file('here', ''), '..');
    return spawnSync(
      python3,
      [join(projectRoot, 'examples/read_backup_set.py'), folder, '--signer', signer],
      { env: { ...process.env, GNUPGHOME: gnupgHome }, encoding: 'utf8' },
    );
  }

  test('finds the same rows and checksums as the manifest, in tables and large objects', async () => {
    const { manifest } = await showSet(world.sets, setId, world.secretKeys);
    const expected = manifest?.sources[0]?.tables.map(({ table, rows, checksum }) => [
      String(rows),
      checksum,
      'platform',
      table.replaceAll('"', ''),
    ]);
    const { status, stdout, stderr } = read();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(lines.slice(0, -1)).toEqual(expected);
    expect(lines.at(-1)).toMatchObject([
      '3',
      expect.stringMatching(/^[0-9a-f]{32}$/),
      'platform',
      'large objects',
    ]);
    expect(lines.map(([rows]) => rows)).toEqual(expect.arrayContaining(['0', '2', '3', '40000']));
  });

  test('refuses a set that somebody else signed', () => {
    expect(read(world.keys.offline.fingerprint)).toMatchObject({ status: 5, stdout: '' });
  });

  test.each([
    'SHA256SUMS',
    'set.json',
    'restore.sh',
    'manifest.json.pgp',
    'manifest.json.pgp.asc',
    'platform/30-data/000001-00001.sql.zst.pgp',
  ])('stops with exit 5 when one bit of %s is turned', (name) => {
    const path = join(folder, name);
    // The store keeps its files read-only.
    chmodSync(path, 0o600);
    const before = readFileSync(path);
    const damaged = Buffer.from(before);
    const middle = damaged.byteLength >> 1;
    damaged[middle] = (damaged[middle] ?? 0) ^ 1;
    writeFileSync(path, damaged);
    try {
      expect(read()).toMatchObject({ status: 5, stdout: '' });
    } finally {
      writeFileSync(path, before);
    }
    expect(read().status).toBe(0);
  });

  test('runs on the standard library alone', () => {
    const source = readFileSync(join(projectRoot, 'examples/read_backup_set.py'), 'utf8');
    const modules = [...source.matchAll(/^(?:import|from) (\w+)/gm)].map(([, name]) => name);
    const script = `import sys; print([m for m in ${JSON.stringify(modules)} if m not in sys.stdlib_module_names])`;
    expect(execFileSync(python3, ['-c', script], { encoding: 'utf8' }).trim()).toBe('[]');
  });
});
