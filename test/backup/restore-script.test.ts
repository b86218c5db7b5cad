// The promise that a set can be restored without postern: stock gpg, zstd, psql and sha256sum alone.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sumLargeObjects } from '../../src/lib/backup/capture/large-objects.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { chooseSchemaDumper, comparableSchema, dumpSchema } from '../../src/lib/backup/schema-dump/index.ts';
import { withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { type GpgHome, openGpgHome } from '../crypto/gpg-home.ts';
import { type BackupWorld, backupWorld } from '../support/backup-world.ts';
import { describeWith } from '../support/optional.ts';
import { type TestDatabase, testDatabase, testServer } from '../support/postgres.ts';
import { createZoo } from '../support/zoo/zoo.ts';
import { flipped } from './altered-store.ts';
import { manifestOf, tablesNow } from './restored-equals.ts';

interface Outcome {
  readonly status: number | null;
  readonly stderr: string;
}

/** A set in a folder of its own, copied out of the store as a person would do it. */
interface CopiedSet {
  readonly folder: string;
  run(database: string, env?: Readonly<Record<string, string>>): Outcome;
}

function copySet(world: BackupWorld, setId: string, home: GpgHome, url: string): CopiedSet {
  const folder = mkdtempSync(join(tmpdir(), 'postern set '));
  cpSync(join(world.storePath, 'objects', world.sets.prefix, setId), folder, { recursive: true });
  const { hostname, port, username, password } = new URL(url);
  return {
    folder,
    run: (database, env = {}) => {
      const { status, stderr } = spawnSync('sh', [join(folder, 'restore.sh'), database], {
        cwd: '/',
        env: {
          PATH: process.env['PATH'],
          GNUPGHOME: dirname(home.file('marker', '')),
          PGHOST: hostname,
          PGPORT: port,
          PGUSER: username,
          PGPASSWORD: decodeURIComponent(password),
          ...env,
        },
        encoding: 'utf8',
      });
      return { status, stderr };
    },
  };
}

const database = `by script "${process.pid}"`;

async function onServer<Row extends object>(sql: string, inside = 'postgres'): Promise<readonly Row[]> {
  const { url } = await testServer();
  return withConnection({ url: withDatabase(url, inside), role: 'test' }, async (client) => {
    return (await client.query<Row>(sql)).rows;
  });
}

async function exists(name: string): Promise<boolean> {
  const rows = await onServer<{ name: string }>('select datname::text as name from pg_database');
  return rows.some((row) => row.name === name);
}

const drop = () => onServer(`drop database if exists "${database.replaceAll('"', '""')}" with (force)`);

describeWith(['gpg', 'zstd', 'psql'], 'restore.sh, without postern', ({ gpg }) => {
  let home: GpgHome;

  beforeAll(() => {
    home = openGpgHome(gpg);
  });

  afterAll(() => home?.close());

  test.each(['UTF8', 'SQL_ASCII'])('brings the schema zoo in %s back equal', async (encoding) => {
    const platform = await testDatabase({ encoding });
    const world = await backupWorld({ platformUrl: platform.url });
    try {
      await createZoo(platform.url);
      const run = await runBackup(
        world.context({ options: { partSize: 2 ** 20, verifyBeforeUpload: false } }),
      );
      home.must(['--import'], world.keys.operations.secretKey);
      home.must(['--import'], world.keys.signer.publicKey);
      const { url } = await testServer();
      const set = copySet(world, run.setId, home, url);
      expect(set.run(database, { SIGNER: world.keys.signer.fingerprint })).toMatchObject({ status: 0 });
      rmSync(set.folder, { recursive: true });

      const restored = withDatabase(url, database);
      const manifest = await manifestOf(world, run.setId);
      expect(await tablesNow(restored, manifest)).toEqual(manifest.tables);
      const objects = await withConnection({ url: restored, role: 'test' }, sumLargeObjects);
      expect(objects).toEqual(manifest.largeObjects);
      // Four more dumps in the other encoding would say little more, and take seconds.
      if (encoding !== 'UTF8') return;
      const dumper = await chooseSchemaDumper({ serverVersion: manifest.serverVersionNum });
      for (const sections of ['pre-data', 'post-data'] as const) {
        const [there, here] = await Promise.all(
          [platform.url, restored].map((from) => dumpSchema(dumper, { url: from, sections, encoding })),
        );
        expect(
          comparableSchema(here ?? Buffer.alloc(0)).equals(comparableSchema(there ?? Buffer.alloc(1))),
        ).toBe(true);
      }
    } finally {
      await drop();
      await world.close();
      await platform.drop();
    }
  });

  describe('refuses', () => {
    let platform: TestDatabase;
    let world: BackupWorld;
    let set: CopiedSet;

    beforeAll(async () => {
      platform = await testDatabase();
      await onServer('create table person (id int); insert into person values (1), (2)', platform.name);
      world = await backupWorld({ platformUrl: platform.url });
      const { setId } = await runBackup(world.context());
      home.must(['--import'], world.keys.operations.secretKey);
      home.must(['--import'], world.keys.signer.publicKey);
      set = copySet(world, setId, home, (await testServer()).url);
    });

    afterAll(async () => {
      rmSync(set.folder, { recursive: true });
      await world?.close();
      await platform?.drop();
    });

    const refuses = async (outcome: Outcome, status: number, words: string | RegExp): Promise<void> => {
      expect(outcome.stderr).toMatch(words);
      expect(outcome.status).toBe(status);
      expect(await exists(database)).toBe(false);
    };

    test('a call without the name of a new database, or with a connection string', async () => {
      await refuses(set.run(''), 2, /usage/);
      await refuses(set.run('postgresql://elsewhere/x'), 2, /connection string/);
      await refuses(set.run('dbname=x host=elsewhere'), 2, /connection string/);
    });

    test('another signer than the one that is insisted on', async () => {
      const { fingerprint } = world.keys.operations;
      await refuses(set.run(database, { SIGNER: fingerprint }), 5, `not by ${fingerprint}`);
    });

    test('a signer who is not in the keyring', async () => {
      const empty = openGpgHome(gpg);
      await refuses(
        set.run(database, { GNUPGHOME: dirname(empty.file('marker', '')) }),
        5,
        /not in your keyring/,
      );
      empty.close();
    });

    test('a signer who was revoked', async () => {
      const other = openGpgHome(gpg);
      other.must(['--import'], world.keys.operations.secretKey);
      other.must(['--import'], world.keys.signer.publicKey);
      other.must(['--import'], await revoked(world.keys.signer.secretKey));
      await refuses(set.run(database, { GNUPGHOME: dirname(other.file('marker', '')) }), 5, /was revoked/);
      other.close();
    });

    test('a keyring without a key that opens the set, before it makes a database', async () => {
      const other = openGpgHome(gpg);
      other.must(['--import'], world.keys.signer.publicKey);
      await refuses(set.run(database, { GNUPGHOME: dirname(other.file('marker', '')) }), 1, /does not open/);
      other.close();
    });

    test('a set with any file changed, cut or missing', async () => {
      for (const file of [
        'SHA256SUMS',
        'SHA256SUMS.asc',
        'set.json',
        'platform/30-data/000001-00001.sql.zst.pgp',
        'README.txt',
      ]) {
        const path = join(set.folder, file);
        const bytes = readFileSync(path);
        for (const changed of [
          flipped(bytes, Math.floor(bytes.length / 2)),
          bytes.subarray(0, bytes.length / 2),
        ]) {
          // The store keeps its files read-only.
          chmodSync(path, 0o600);
          writeFileSync(path, changed);
          await refuses(set.run(database), 5, /do not use this/);
        }
        rmSync(path);
        await refuses(set.run(database), 5, /do not use this/);
        writeFileSync(path, bytes);
      }
    });

    test('a database that exists already, and leaves it as it is', async () => {
      const outcome = set.run(platform.name);
      expect(outcome).toMatchObject({ status: 6, stderr: expect.stringContaining('exists already') });
      expect(await onServer('select id from person order by id', platform.name)).toEqual([
        { id: 1 },
        { id: 2 },
      ]);
    });

    test('a server that cannot be reached, or that refuses the login', async () => {
      await refuses(set.run(database, { PGPORT: '1' }), 1, /the server cannot be reached/);
      await refuses(set.run(database, { PGPASSWORD: 'wrong' }), 1, /the server cannot be reached/);
    });

    test('to start where one of its tools is missing', async () => {
      const tools = ['sh', 'dirname', 'sed', 'mktemp', 'rm', 'gpg', 'zstd', 'psql', 'sha256sum'];
      for (const missing of ['gpg', 'zstd', 'psql', 'sha256sum']) {
        const folder = mkdtempSync(join(tmpdir(), 'postern-tools-'));
        for (const tool of tools.filter((name) => name !== missing)) {
          symlinkSync(
            execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(),
            join(folder, tool),
          );
        }
        await refuses(set.run(database, { PATH: folder }), 2, `${missing} is not installed`);
        rmSync(folder, { recursive: true });
      }
    });

    test('nothing else: with all of that as it should be, it restores', async () => {
      expect(set.run(database)).toMatchObject({ status: 0 });
      expect(await onServer('select id from person order by id', database)).toEqual([{ id: 1 }, { id: 2 }]);
      await drop();
    });
  });
});

/** The public key with a revocation by its owner. */
async function revoked(armoredSecret: string): Promise<string> {
  const { readPrivateKey, revokeKey } = await import('openpgp');
  const { publicKey } = await revokeKey({
    key: await readPrivateKey({ armoredKey: armoredSecret }),
    format: 'armored',
  });
  return publicKey;
}
