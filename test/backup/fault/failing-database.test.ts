// Kind 11: the connections to the platform's database and to the state database break as told.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listSets } from '../../../src/lib/backup/list.ts';
import { runBackup } from '../../../src/lib/backup/run.ts';
import { verifySet } from '../../../src/lib/backup/verify/index.ts';
import { connect, openPool, type Pool } from '../../../src/lib/base/postgres.ts';
import { silentProgress } from '../../../src/lib/base/progress.ts';
import { copyOut } from '../../../src/lib/platform/copy-out.ts';
import { type BackupWorld, backupWorld } from '../../support/backup-world.ts';
import { type FaultProxy, startFaultProxy, type Trigger } from '../../support/fault-proxy.ts';
import { onceUnlocked } from '../../support/once-unlocked.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { failsCleanly } from '../fails-cleanly.ts';
import { sql } from '../round-trip.ts';
import { pgDumpOfNothing } from './no-schema.ts';

const rows = 20_000;
let platform: TestDatabase;
let world: BackupWorld;
let proxy: FaultProxy;

beforeAll(async () => {
  platform = await testDatabase();
  await sql(
    platform.url,
    `create table note (id int, text text); insert into note select n, repeat('x', 100) from generate_series(1, ${rows}) n`,
  );
  world = await backupWorld({ platformUrl: platform.url });
  options = { workers: 1, level: 1, pgDump: await pgDumpOfNothing(world.folder) };
  proxy = await startFaultProxy(platform.url);
});

beforeEach(() => sql(world.stateUrl, 'truncate postern.backup_set cascade'));

afterAll(async () => {
  await proxy?.stop();
  await world?.close();
  await platform?.drop();
});

let options: { readonly workers: number; readonly level: 1; readonly pgDump: string };
const setsAt = (prefix: string) => ({ ...world, sets: { ...world.sets, prefix: `${prefix}/` } });
const middleOfCopy: Trigger = {
  direction: 'to client',
  application: /^postern backup$/,
  bytes: 1_000_000,
};

describe("the platform's database", () => {
  test.each([
    ['reset in the middle of a copy', middleOfCopy, 'reset', 'copy-failed'],
    ['closed in the middle of a copy', middleOfCopy, 'close', 'copy-failed'],
    ['half-closed in the middle of a copy', middleOfCopy, 'half-close', 'copy-failed'],
    [
      "reset while the snapshot's session locks the tables",
      { direction: 'to server', application: /snapshot$/, pattern: 'LOCK TABLE', side: 'before' },
      'reset',
      'database-lost',
    ],
  ] as const)(
    'whose connection is %s ends the run clearly, without a set',
    async (name, trigger, fault, code) => {
      const broken = setsAt(name.replaceAll(/\W+/g, '-'));
      const armed = proxy.when(trigger, fault);
      await failsCleanly(
        runBackup(world.context({ sets: broken.sets, platformUrl: proxy.url(platform.url), options })),
        { exitCode: 1, code },
        broken,
      );
      await armed.fired;
    },
  );

  test('whose connection is reset while the schema is read ends the run clearly, without a set', async () => {
    const broken = setsAt('schema');
    const cut = proxy.when({ direction: 'to client', application: /schema dump$/, bytes: 20_000 }, 'reset');
    const context = world.context({
      sets: broken.sets,
      platformUrl: proxy.url(platform.url),
      options: { workers: 1, level: 1 },
    });
    await failsCleanly(runBackup(context), { exitCode: 1, code: 'schema-dump-failed' }, broken);
    await cut.fired;
  });

  test('that loses every session at once and comes back is backed up whole by the next run', async () => {
    const broken = setsAt('all');
    const armed = proxy.when(middleOfCopy, 'reset');
    void armed.fired.then(() => proxy.connections().forEach((one) => one.apply('reset')));
    await failsCleanly(
      runBackup(world.context({ sets: broken.sets, platformUrl: proxy.url(platform.url), options })),
      { exitCode: 1, code: 'snapshot-lost' },
      broken,
    );
    const { setId } = await runBackup(
      world.context({ sets: broken.sets, platformUrl: proxy.url(platform.url), options }),
    );
    const verified = await verifySet(broken.sets, setId, {
      level: 'full',
      keys: world.secretKeys,
      workers: 1,
      signal: new AbortController().signal,
      progress: silentProgress,
    });
    expect(verified).toMatchObject({ findings: [], rows });
  });

  test('that falls silent in the middle of a copy does not keep a person who stops the run', async () => {
    const stopped = new AbortController();
    const silent = proxy.when(middleOfCopy, 'stall');
    void silent.fired.then(() => stopped.abort());
    await expect(
      runBackup(
        world.context({
          sets: setsAt('silent').sets,
          platformUrl: proxy.url(platform.url),
          signal: stopped.signal,
          options,
        }),
      ),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('that falls silent in the middle of a copy is given up after a while', async () => {
    const client = await connect({ url: proxy.url(platform.url), role: 'test', purpose: 'silence' });
    const silent = proxy.when({ ...middleOfCopy, application: /silence/ }, 'stall');
    const copied = copyOut(client, 'COPY note TO STDOUT', { blockSize: 1000, silence: 50 }, () => {});
    await expect(copied).rejects.toThrow('not a byte came');
    await silent.fired;
    await client.end().catch(() => {});
  });

  test('is not called silent while it waits for us', async () => {
    const client = await connect({ url: platform.url, role: 'test' });
    const slow = Promise.withResolvers<void>();
    const copied = copyOut(client, 'COPY note TO STDOUT', { blockSize: 1000, silence: 20 }, () => {
      setTimeout(slow.resolve, 60);
      return slow.promise;
    });
    await expect(copied).resolves.toBe(rows);
    await client.end();
  });

  test('and every other database is probed after a minute without a word', async () => {
    const client = await connect({ url: platform.url, role: 'test' });
    const { connection } = client as unknown as {
      readonly connection: { readonly _keepAlive: boolean; readonly _keepAliveInitialDelayMillis: number };
    };
    expect(connection).toMatchObject({ _keepAlive: true, _keepAliveInitialDelayMillis: 60_000 });
    await client.end();
  });
});

describe('the state database', () => {
  let state: Pool;

  beforeAll(async () => {
    state = await openPool({ url: proxy.url(world.stateUrl), role: 'state database' });
  });

  afterAll(() => state?.end());

  const run = (prefix: string, warn: (line: string) => void = () => {}) =>
    onceUnlocked(() =>
      runBackup(
        world.context({
          sets: setsAt(prefix).sets,
          state: async () => state,
          progress: { ...silentProgress, warn },
          options,
        }),
      ),
    );
  const at = (statement: string): Trigger => ({
    direction: 'to server',
    application: /^postern$/,
    pattern: statement,
    side: 'before',
  });
  const states = () => sql(world.stateUrl, 'select state from postern.backup_set order by started_at');

  test.each([
    ['before the run is noted down', 'insert into postern.backup_set ', []],
    ['before the manifest', 'set manifest_sha256', ['it left no set']],
  ] as const)(
    'whose connection breaks %s ends the run clearly, without a set; the next one tells',
    async (name, statement, open) => {
      const prefix = name.replaceAll(/\W+/g, '-');
      const cut = proxy.when(at(statement), 'reset');
      await failsCleanly(run(prefix), { exitCode: 1, code: 'state-lost' });
      await cut.fired;
      expect((await listSets(setsAt(prefix).sets)).filter(({ isComplete }) => isComplete)).toEqual([]);
      expect(await states()).toEqual(open.map(() => ({ state: 'running' })));
      const warnings: string[] = [];
      await run(prefix, (line) => warnings.push(line));
      expect(warnings).toEqual(open.map((warning) => expect.stringContaining(warning)));
    },
  );

  test('whose connection breaks once the set is whole does not make the run deny the set; the next one counts it', async () => {
    const cut = proxy.when(at('set parts'), 'reset');
    await failsCleanly(run('after'), {
      exitCode: 7,
      code: 'set-not-registered',
      message: /is whole at offsite/,
    });
    await cut.fired;
    const [whole] = (await listSets(setsAt('after').sets)).filter(({ isComplete }) => isComplete);
    expect(await states()).toEqual([{ state: 'running' }]);
    const warnings: string[] = [];
    const { previousSetId } = await run('after', (line) => warnings.push(line));
    expect(warnings).toEqual([
      expect.stringContaining(`the run ${whole?.setId} was stopped after its set was whole`),
    ]);
    expect(previousSetId).toBe(whole?.setId);
    expect(await states()).toEqual([{ state: 'complete' }, { state: 'complete' }]);
  });

  test('whose connection breaks before the outcome is written to the audit log is told as well', async () => {
    const cut = proxy.when({ ...at('"event":"done"'), application: /^postern/ }, 'reset');
    await failsCleanly(run('audit'), { exitCode: 1, code: 'audit-outcome-missing' });
    await cut.fired;
    expect(await states()).toEqual([{ state: 'complete' }]);
  });

  test('that is gone before the run begins ends it at once', async () => {
    proxy.refuse();
    proxy.connections(/^postern$/).forEach((one) => one.apply('reset'));
    try {
      await failsCleanly(run('gone'), { exitCode: 1, code: 'state-lost' });
    } finally {
      await proxy.accept();
    }
  });
});
