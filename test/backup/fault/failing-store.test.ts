// Kind 7: a whole run over a network and a store that fail as told. Each test is a run that cannot succeed, and after it
// one that can although something fails: what the first has left hinders nothing.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { SetStore } from '../../../src/lib/backup/context.ts';
import { listSets } from '../../../src/lib/backup/list.ts';
import { runBackup } from '../../../src/lib/backup/run.ts';
import { verifySet } from '../../../src/lib/backup/verify/index.ts';
import { silentProgress } from '../../../src/lib/base/progress.ts';
import { openS3ObjectStore } from '../../../src/lib/cloud/aws/object-store.ts';
import type { ObjectStore } from '../../../src/lib/cloud/object-store.ts';
import { type BackupWorld, backupWorld } from '../../support/backup-world.ts';
import { type Moto, startMoto } from '../../support/moto.ts';
import { describeWith } from '../../support/optional.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { failsCleanly } from '../fails-cleanly.ts';
import { sql } from '../round-trip.ts';
import { type FrontRule, type HttpFront, startHttpFront } from './http-front.ts';
import { pgDumpOfNothing } from './no-schema.ts';

const put = (path: RegExp, fault: FrontRule['fault'], more: Partial<FrontRule> = {}): FrontRule => ({
  method: 'PUT',
  path,
  fault,
  ...more,
});
const part = /30-data/;
const manifest = /manifest\.json\.pgp\?/;
const expired = { answer: 400, code: 'ExpiredToken' } as const;

/** What no run survives, the code that it ends with, and what the next run survives. */
const failures: readonly (readonly [string, FrontRule, string, string, FrontRule])[] = [
  [
    'that answers 500 to a part again and again',
    put(part, { answer: 500, code: 'InternalError' }),
    'store-unavailable',
    'one answer 503',
    put(part, { answer: 503, code: 'SlowDown' }, { times: 1 }),
  ],
  [
    'whose credentials expire in the middle of a run',
    put(/./, expired, { from: 4 }),
    'store-credentials',
    'a conflict of writers (409)',
    put(part, { answer: 409, code: 'ConditionalRequestConflict' }, { times: 1 }),
  ],
  [
    'whose credentials expire before the manifest',
    put(manifest, expired),
    'store-credentials',
    'a lost answer to the PUT of a part',
    put(part, 'lost answer', { times: 1 }),
  ],
  [
    'that says that a part is there already (412)',
    put(part, { answer: 412, code: 'PreconditionFailed' }),
    'object-exists',
    'a lost answer to the PUT of the manifest',
    put(manifest, 'lost answer', { times: 1 }),
  ],
  [
    'that refuses the manifest (403)',
    put(manifest, { answer: 403, code: 'AccessDenied' }),
    'store-refused',
    'a connection that ends without an answer to the manifest',
    put(manifest, 'closed', { times: 1 }),
  ],
  [
    'that never answers for a part',
    put(part, 'silence'),
    'store-unreachable',
    'answers that are late',
    put(/./, { late: 50 }),
  ],
];

describeWith(['moto'], 'a store', ({ moto: path }) => {
  let moto: Moto;
  let front: HttpFront;
  let platform: TestDatabase;
  let world: BackupWorld;
  /** The same objects, on a network that works. */
  let direct: SetStore;
  let prefix: string;
  let pgDump: string;

  beforeAll(async () => {
    moto = await startMoto(path);
    front = await startHttpFront(moto.endpoint);
    const { region, credentials } = moto;
    const client = new S3Client({ endpoint: moto.endpoint, region, credentials, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'sets', ObjectLockEnabledForBucket: true }));
    client.destroy();
    platform = await testDatabase();
    await sql(
      platform.url,
      'create table note (id int, text text); insert into note select n, md5(n::text) from generate_series(1, 400) n',
    );
    const open = (endpoint: string) =>
      openS3ObjectStore({ bucket: 'sets', endpoint, credentials, maxAttempts: 2, timeoutMs: 500 });
    world = await backupWorld({ platformUrl: platform.url, store: await open(front.endpoint) });
    pgDump = await pgDumpOfNothing(world.folder);
    direct = { ...world.sets, store: await open(moto.endpoint) };
  });

  beforeEach(async (context) => {
    front.up();
    front.arm();
    await sql(world.stateUrl, 'truncate postern.backup_set cascade');
    prefix = `${context.task.id}/test/`;
  });

  afterAll(async () => {
    await front?.stop();
    await world?.close();
    await platform?.drop();
    await moto?.stop();
  });

  const run = (warn: (line: string) => void = () => {}, store = world.sets.store) =>
    runBackup(
      world.context({
        sets: { ...world.sets, store, prefix },
        progress: { ...silentProgress, warn },
        options: { workers: 1, level: 1, pgDump },
      }),
    );
  const whole = async () =>
    (await listSets({ ...direct, prefix })).filter(({ isComplete }) => isComplete).map(({ setId }) => setId);
  const states = () => sql(world.stateUrl, 'select state from postern.backup_set order by started_at');

  async function expectSound(setId: string): Promise<void> {
    const { findings, rows } = await verifySet({ ...direct, prefix }, setId, {
      level: 'full',
      keys: world.secretKeys,
      workers: 1,
      signal: new AbortController().signal,
      progress: silentProgress,
    });
    expect({ findings, rows }).toEqual({ findings: [], rows: 400 });
  }

  for (const [what, failing, code, small, survivable] of failures)
    test(`${what} ends the run clearly and leaves no set; the next run succeeds in spite of ${small}`, async () => {
      front.arm(failing);
      await failsCleanly(run(), { exitCode: code === 'object-exists' ? 6 : 1, code });
      expect(front.fired).toBeGreaterThan(0);
      expect(await whole()).toEqual([]);
      expect(await states()).toEqual([{ state: 'failed' }]);

      front.arm(survivable);
      const { setId, previousSetId } = await run();
      expect(front.fired).toBeGreaterThan(0);
      expect(previousSetId).toBeNull();
      expect(await whole()).toEqual([setId]);
      await expectSound(setId);
    });

  test.each([
    ['has the manifest', 'lost answer', 'set'],
    ['has it not', { answer: 503, code: 'SlowDown' }, 'no set'],
  ] as const)(
    'that falls silent at the manifest, and %s, leaves an open question, which the next run settles',
    async (_, fault, left) => {
      front.arm(put(manifest, fault));
      front.downAfterFault();
      await failsCleanly(run(), { exitCode: 1, code: 'commit-unknown' });
      const [dead] = await whole();
      expect(dead !== undefined).toBe(left === 'set');
      expect(await states()).toEqual([{ state: 'running' }]);

      front.up();
      front.arm();
      const warnings: string[] = [];
      const next = await run((line) => warnings.push(line));
      expect(warnings).toEqual([
        expect.stringContaining(left === 'set' ? 'it is counted now' : 'it left no set'),
      ]);
      expect(next.previousSetId).toBe(dead ?? null);
      expect(await states()).toEqual([
        { state: left === 'set' ? 'complete' : 'failed' },
        { state: 'complete' },
      ]);
      if (dead !== undefined) await expectSound(dead);
    },
  );

  test('that cannot be reached when a dead run is to be settled hinders nobody', async () => {
    front.arm(put(manifest, 'lost answer'));
    front.downAfterFault();
    await failsCleanly(run(), { exitCode: 1, code: 'commit-unknown' });
    front.up();
    front.arm({
      method: 'HEAD',
      path: /manifest\.json\.pgp$/,
      fault: { answer: 503, code: 'SlowDown' },
      times: 2,
    });
    const warnings: string[] = [];
    await run((line) => warnings.push(line));
    expect(warnings).toEqual([expect.stringContaining('cannot be told yet')]);
    expect(await states()).toEqual([{ state: 'running' }, { state: 'complete' }]);
  });

  test.each([
    ['that tells no hash, before the run came to its manifest', 'no hash', null],
    ['that tells the hash, in place of the manifest of the run', 'hash', 'a'.repeat(64)],
  ])(
    '%s, and takes a manifest of somebody else into the folder of a dead run, makes no set of it',
    async (_, told, sent) => {
      front.arm(put(part, { answer: 403, code: 'AccessDenied' }));
      await failsCleanly(run(), { exitCode: 1, code: 'store-refused' });
      const [dead] = await sql<{ setId: string }>(
        world.stateUrl,
        'select set_id as "setId" from postern.backup_set',
      );
      // As a kill would have left it.
      await sql(
        world.stateUrl,
        `update postern.backup_set set state = 'running', finished_at = null, manifest_sha256 = ${sent === null ? 'null' : `'${sent}'`};
         update postern.backup_copy set state = 'running', finished_at = null`,
      );
      await direct.store.put(`${prefix}${dead?.setId}/manifest.json.pgp`, Buffer.from('forged'));
      const silent: ObjectStore = {
        ...direct.store,
        head: async (...args) => {
          const { sha256, ...found } = (await direct.store.head(...args)) ?? {};
          if (!('key' in found)) return undefined;
          return told === 'hash' && sha256 !== undefined ? { ...found, sha256 } : found;
        },
      };
      const warnings: string[] = [];
      const { previousSetId } = await run((line) => warnings.push(line), silent);
      expect(previousSetId).toBeNull();
      expect(warnings).toEqual([
        expect.stringContaining('that this host never sent'),
        expect.stringContaining('it left no set'),
      ]);
      expect(await states()).toEqual([{ state: 'failed' }, { state: 'complete' }]);
    },
  );
});
