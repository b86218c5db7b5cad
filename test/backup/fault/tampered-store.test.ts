// Kinds 1 to 4 on real objects: what somebody who owns the bucket can do to a set, in a folder and in S3.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DatabaseSource } from '../../../src/lib/backup/context.ts';
import { planRestore } from '../../../src/lib/backup/restore/plan-restore.ts';
import { runBackup } from '../../../src/lib/backup/run.ts';
import { verifySet } from '../../../src/lib/backup/verify/index.ts';
import { silentProgress } from '../../../src/lib/base/progress.ts';
import { openS3ObjectStore } from '../../../src/lib/cloud/aws/object-store.ts';
import type { ObjectStore } from '../../../src/lib/cloud/object-store.ts';
import { readPackets } from '../../../src/lib/crypto/openpgp-packet.ts';
import { type BackupWorld, backupWorld, platformSource } from '../../support/backup-world.ts';
import { type Moto, startMoto } from '../../support/moto.ts';
import { describeWith } from '../../support/optional.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { flipped } from '../altered-store.ts';
import { sql } from '../round-trip.ts';
import { pgDumpOfNothing } from './no-schema.ts';

type Change = (
  bytes: Uint8Array,
  other: (file: string) => Promise<Uint8Array>,
) => Promise<Uint8Array> | Uint8Array;
/** File to what becomes of it; undefined: it is deleted. */
type Changes = Readonly<Record<string, Change | undefined>>;

const part = (table: number) => `platform/30-data/00000${table}-00001.sql.zst.pgp`;
const script = (name: string) => `platform/${name}.sql.zst.pgp`;
const largeObject = 'platform/40-large-objects/00001.sql.zst.pgp';

/** Where the classes of bytes of a message with two recipients are (RFC 9580 §4 and §5). */
function offsets(message: Uint8Array) {
  const packets = [...readPackets(message)];
  const start = (index: number) => packets.slice(0, index).reduce((sum, { size }) => sum + size, 0);
  return { sessionKey: start(1) + 40, data: start(2), middle: Math.floor((start(2) + message.length) / 2) };
}

const flip =
  (where: number | keyof ReturnType<typeof offsets>): Change =>
  (bytes) =>
    flipped(bytes, typeof where === 'number' ? where : offsets(bytes)[where]);
const cut =
  (size: (bytes: Uint8Array) => number): Change =>
  (bytes) =>
    bytes.subarray(0, size(bytes));
const replacedBy =
  (file: string): Change =>
  (_, other) =>
    other(file);

/** What is done, and what a verification with a key says of it: kind and file. */
const attacks: readonly (readonly [string, Changes, readonly (readonly [string, string])[]])[] = [
  [
    'one bit turned: tag, session key, length, body, modification detection code, clear text',
    {
      [part(1)]: flip(0),
      [part(2)]: flip('sessionKey'),
      [script('20-pre-data')]: flip('data'),
      [script('10-roles')]: flip('middle'),
      [largeObject]: flip(-1),
      'restore.sh': flip(20),
    },
    [part(1), part(2), script('20-pre-data'), script('10-roles'), largeObject, 'restore.sh'].map(
      (file) => ['changed', file] as const,
    ),
  ],
  ...(
    [
      ['manifest.json.pgp', 'changed', 'manifest.json.pgp'],
      ['manifest.json.pgp.asc', 'signature', 'manifest.json.pgp.asc'],
      ['SHA256SUMS', 'signature', 'SHA256SUMS.asc'],
      ['SHA256SUMS.asc', 'signature', 'SHA256SUMS.asc'],
      ['set.json', 'changed', 'set.json'],
    ] as const
  ).map(
    ([file, kind, named]) => [`one bit turned in ${file}`, { [file]: flip(100) }, [[kind, named]]] as const,
  ),
  [
    'cut to nothing, to one byte, between two packets, to one byte less',
    {
      [part(1)]: cut(() => 0),
      [part(2)]: cut(() => 1),
      [script('20-pre-data')]: cut((bytes) => offsets(bytes).data),
      [largeObject]: cut(({ length }) => length - 1),
    },
    [part(1), part(2), script('20-pre-data'), largeObject].map((file) => ['changed', file] as const),
  ],
  [
    "two parts in each other's place, one deleted, one that nobody signed",
    {
      [part(1)]: replacedBy(`newer/${part(2)}`),
      [part(2)]: replacedBy(`newer/${part(1)}`),
      [script('60-post-data')]: undefined,
      [part(9)]: replacedBy(`newer/${part(1)}`),
    },
    [
      ['changed', part(1)],
      ['changed', part(2)],
      ['missing', script('60-post-data')],
      ['unlisted', part(9)],
    ],
  ],
  ['an older part replayed', { [part(1)]: replacedBy(`older/${part(1)}`) }, [['changed', part(1)]]],
  [
    'an older manifest replayed',
    {
      'manifest.json.pgp': replacedBy('older/manifest.json.pgp'),
      'manifest.json.pgp.asc': replacedBy('older/manifest.json.pgp.asc'),
    },
    [['changed', 'manifest.json.pgp']],
  ],
  [
    'an older list replayed',
    {
      SHA256SUMS: replacedBy('older/SHA256SUMS'),
      'SHA256SUMS.asc': replacedBy('older/SHA256SUMS.asc'),
    },
    [['changed', 'set.json']],
  ],
  ['a keyring of which one bit is turned', { KEYRING: flip('middle') }, [['changed', 'KEYRING']]],
  ['an older keyring replayed', { KEYRING: replacedBy('older/KEYRING') }, [['changed', 'KEYRING']]],
  ['a keyring cut to one byte less', { KEYRING: cut(({ length }) => length - 1) }, [['changed', 'KEYRING']]],
];

/** The restore is refused before it is planned: what it opens first does not fit. */
const opening = /^(?:manifest|SHA256SUMS|set\.json)/;

function attacked(name: string, open: () => Promise<ObjectStore | undefined>): void {
  describe(name, () => {
    let platform: TestDatabase;
    let world: BackupWorld;
    let sets: { readonly older: string; readonly newer: string };

    beforeAll(async () => {
      platform = await testDatabase();
      await sql(
        platform.url,
        `create table subject (id int primary key, dek bytea not null);
         insert into subject select n, decode(md5(n::text), 'hex') from generate_series(1, 20) n;
         create table note (id int, text text); insert into note select n, md5(n::text) from generate_series(1, 400) n;
         select lo_from_bytea(0, 'a large object')`,
      );
      const store = await open();
      world = await backupWorld({ platformUrl: platform.url, ...(store && { store }) });
      const source: DatabaseSource = {
        ...platformSource(platform.url),
        wrappedKeys: [{ table: 'public.subject', column: 'dek' }],
      };
      const pgDump = await pgDumpOfNothing(world.folder);
      const context = world.context({ sources: [source], options: { workers: 1, level: 1, pgDump } });
      const { setId: older } = await runBackup(context);
      const { setId: newer } = await runBackup(context);
      sets = { older, newer };
    });

    afterAll(async () => {
      await world?.close();
      await platform?.drop();
    });

    /** `newer/set.json`, `older/KEYRING` → key. */
    const keyOf = (path: string): string => {
      const [, which = 'newer', file = ''] = /^(older|newer)\/(.*)$/.exec(path) ?? [];
      const setId = sets[which as keyof typeof sets];
      return file === 'KEYRING'
        ? `${world.sets.prefix}keyrings/${setId}/platform-00001-00001.sql.zst.pgp`
        : `${world.sets.prefix}${setId}/${file}`;
    };
    const read = (path: string) => world.sets.store.get(keyOf(path));

    /** Takes the place of every version, as only somebody with all rights can. */
    async function replace(key: string, bytes: Uint8Array | undefined): Promise<void> {
      const { store } = world.sets;
      for await (const { key: found, versionId } of store.listVersions(key))
        if (found === key) await store.delete(key, versionId === undefined ? {} : { versionId });
      if (bytes !== undefined) await store.put(key, bytes);
    }

    const verify = () =>
      verifySet(world.sets, sets.newer, {
        level: 'full',
        keys: world.secretKeys,
        workers: 1,
        signal: new AbortController().signal,
        progress: silentProgress,
      });

    test.each(attacks)('%s: is found, and nothing else is', async (_, changes, expected) => {
      const files = Object.keys(changes);
      const before = new Map<string, Uint8Array | undefined>();
      for (const file of files) before.set(file, await read(`newer/${file}`).catch(() => undefined));
      const after = new Map<string, Uint8Array | undefined>();
      for (const file of files)
        after.set(file, await changes[file]?.(before.get(file) ?? new Uint8Array(), read));
      for (const [file, bytes] of after) await replace(keyOf(`newer/${file}`), bytes);
      try {
        const { findings } = await verify();
        const found = findings
          // What has another size has changed as well.
          .filter(({ kind }) => kind !== 'size')
          .map(({ kind, file }) => `${kind} ${file?.replace(/^keyrings\/.*/, 'KEYRING')}`);
        expect(new Set(found)).toEqual(new Set(expected.map((pair) => pair.join(' '))));
        if (!files.some((file) => opening.test(file))) return;
        const context = await world.restoreContext();
        await expect(planRestore(context, sets.newer, { database: 'never_made' })).rejects.toMatchObject({
          exitCode: 5,
        });
      } finally {
        for (const [file, bytes] of before) await replace(keyOf(`newer/${file}`), bytes);
      }
    });

    test('once everything is back in its place, there is nothing to find', async () => {
      expect(await verify()).toMatchObject({ findings: [], opened: true, rows: 420 });
    });
  });
}

attacked('a set in a folder', async () => undefined);

describeWith(['moto'], 'on moto', ({ moto: path }) => {
  let moto: Moto;

  beforeAll(async () => {
    moto = await startMoto(path);
    const { endpoint, region, credentials } = moto;
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'sets', ObjectLockEnabledForBucket: true }));
    client.destroy();
  });

  afterAll(() => moto?.stop());

  attacked('a set in S3', () =>
    openS3ObjectStore({ bucket: 'sets', endpoint: moto.endpoint, credentials: moto.credentials }),
  );
});
