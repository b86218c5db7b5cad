import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runDrill } from '../../src/lib/backup/drill/run-drill.ts';
import type { ErasureEntry, ErasureReplayer } from '../../src/lib/backup/erasure/replayer.ts';
import type { RestoreContext } from '../../src/lib/backup/restore/context.ts';
import { backupRestore, restoreKind } from '../../src/lib/backup/restore/kind.ts';
import { restoreOutcome } from '../../src/lib/backup/restore/outcome.ts';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { failure } from '../../src/lib/base/error.ts';
import { openPool, withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { drillLines } from '../../src/lib/cli/drill-text.ts';
import { restoreLines } from '../../src/lib/cli/restore-text.ts';
import { ed25519Signer } from '../../src/lib/crypto/dsse.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { readCertificate } from '../../src/lib/operation/certificate.ts';
import { loadCertificate } from '../../src/lib/operation/certificate-store.ts';
import type { Plan } from '../../src/lib/operation/plan.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { migrateState } from '../../src/lib/state/migrate.ts';
import { type BackupWorld, backupWorld, platformSource } from '../support/backup-world.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { sql } from './round-trip.ts';

const hour = 3_600_000;
let platform: TestDatabase;
let world: BackupWorld;
let setId: string;
let madeAt: Date;
let count = 0;
const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();

beforeAll(async () => {
  platform = await testDatabase();
  await sql(
    platform.url,
    'create table person (id int primary key); insert into person select generate_series(1, 9)',
  );
  world = await backupWorld({ platformUrl: platform.url });
  madeAt = new Date();
  ({ setId } = await runBackup(
    world.context({
      options: { workers: 1 },
      sources: [platformSource(platform.url), { ...platformSource(world.stateUrl), name: 'state' }],
    }),
  ));
});
beforeEach(async () => {
  // Only a test may: the ledger is append-only.
  await sql(
    world.stateUrl,
    `alter table postern.erasure disable trigger all; delete from postern.erasure;
     alter table postern.erasure enable trigger all; alter table postern.erasure enable always trigger append_only`,
  );
});
afterAll(async () => {
  await world?.close();
  await platform?.drop();
});

/** Writes an erasure of one person into the ledger. */
async function erase(
  person: number,
  own: {
    readonly at?: Date;
    readonly profile?: string;
    readonly source?: string;
    readonly kind?: string;
  } = {},
): Promise<void> {
  const { at = new Date(), profile = 'test', source = 'platform', kind = 'person' } = own;
  await sql(
    world.stateUrl,
    `insert into postern.erasure (profile, source, kind, detail, erased_at)
     values ('${profile}', '${source}', '${kind}', '{"person": ${person}}', '${at.toISOString()}')`,
  );
}

/** Deletes by the number itself, where the real one compares HMACs. */
const deleting: ErasureReplayer = {
  kind: 'person',
  replay: async (client, entries) => {
    let rows = 0;
    for (const { detail } of entries) {
      const { rowCount } = await client.query('delete from public.person where id = $1', [detail['person']]);
      rows += rowCount ?? 0;
    }
    return { replayed: entries.length, rows };
  },
};

interface Prepared {
  readonly context: RestoreContext;
  readonly plan: Plan;
  readonly url: string;
}

async function prepared(
  changes: Partial<RestoreContext> = {},
  options: { readonly erasures?: 'replay' | 'skip'; readonly source?: string } = {},
): Promise<Prepared> {
  const context = await world.restoreContext({
    workers: 1,
    erasureReplayers: [deleting],
    certificateSigner: async () => ed25519Signer(pem),
    ...changes,
  });
  count += 1;
  const database = `erased_${process.pid}_${count}`;
  const plan = await planRestore(context, setId, { database, ...options });
  await savePlan(context, plan);
  return { context, plan, url: withDatabase(platform.url, database) };
}

async function people(url: string): Promise<readonly number[]> {
  return (await sql<{ id: number }>(url, 'select id from person order by id')).map(({ id }) => id);
}

async function drop(url: string): Promise<void> {
  await sql(platform.url, `drop database if exists ${new URL(url).pathname.slice(1)} with (force)`);
}

async function certified({ context }: Prepared, certificateId: string | undefined) {
  return readCertificate(await loadCertificate(await context.state(), certificateId ?? '')).statement
    .predicate;
}

test('what was erased since the backup is erased again before the database opens; what was before it is not asked for', async () => {
  await erase(1);
  await erase(2, { at: new Date(madeAt.getTime() - 2 * hour) });
  await erase(3, { profile: 'other' });
  await erase(4, { source: 'calendar' });
  // Within the hour that clocks and long transactions may take.
  await erase(5, { at: new Date(madeAt.getTime() - hour / 2) });
  const restore = await prepared();
  expect(restore.plan.body.effects['erasures repeated']).toBe(2);
  const { certificateId } = await applyPlan(restore.context, backupRestore, restore.plan.id);
  expect(await people(restore.url)).toEqual([2, 3, 4, 6, 7, 8, 9]);
  expect(await certified(restore, certificateId)).toMatchObject({
    erasures: { state: 'replayed', entries: 2, rows: 2, kinds: { person: { replayed: 2, rows: 2 } } },
  });
  await drop(restore.url);
});

test('where nobody could be looked for is told, certified, and told of a drill', async () => {
  await erase(1);
  const unmapped = ['public.former', 'public.person.nickname'];
  const partly: ErasureReplayer = {
    ...deleting,
    replay: async (...args) => ({ ...(await deleting.replay(...args)), unmapped }),
  };
  const restore = await prepared({ erasureReplayers: [partly] });
  const applied = await applyPlan(restore.context, backupRestore, restore.plan.id);
  expect(await certified(restore, applied.certificateId)).toMatchObject({ erasures: { unmapped } });
  const result = await restoreOutcome(restore.context, { plan: restore.plan, applied });
  const told = [
    'NOBODY WAS LOOKED FOR here, as the data map does not mention it:',
    ...unmapped.map((name) => `  ${name}`),
  ];
  expect(restoreLines(result, 'applied')).toEqual(expect.arrayContaining(told));
  const drilled = await runDrill(
    { ...restore.context, tool: 'postern test' },
    {
      setId,
      sources: ['platform'],
      smoke: [],
      whenDone: 'clean-up',
      startServer: async () => ({
        kind: 'given',
        url: platform.url,
        close: async () => {},
        keep: async () => [],
      }),
    },
  );
  expect(drillLines(drilled)).toEqual(expect.arrayContaining(told));
  await drop(restore.url);
});

test('entries reach their replayer in the order of the erasures', async () => {
  await erase(2, { at: new Date(madeAt.getTime() + 2000) });
  await erase(1, { at: new Date(madeAt.getTime() + 1000) });
  const seen: ErasureEntry[] = [];
  const watching: ErasureReplayer = {
    kind: 'person',
    replay: async (_, entries, about) => {
      expect(about).toMatchObject({ profile: 'test', source: 'platform' });
      seen.push(...entries);
      return { replayed: entries.length, rows: 0 };
    },
  };
  const restore = await prepared({ erasureReplayers: [watching] });
  await applyPlan(restore.context, backupRestore, restore.plan.id);
  expect(seen.map(({ detail }) => detail)).toEqual([{ person: 1 }, { person: 2 }]);
  await drop(restore.url);
});

test('an erasure that nobody can repeat stops the plan before anything is made', async () => {
  await erase(1, { kind: 'unheard-of' });
  await expect(prepared()).rejects.toMatchObject({ exitCode: 6, code: 'erasure-replay-missing' });
});

test('one that comes while the restore runs leaves the database closed, under its working name', async () => {
  const restore = await prepared();
  const { plan, context, url } = restore;
  // Just before the step that would repeat it.
  const step = { ...backupRestore, applyStep: stepThat('erasures', () => erase(1, { kind: 'unheard-of' })) };
  await expect(applyPlan(context, step, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'erasure-replay-missing',
    hints: expect.arrayContaining([
      expect.stringContaining('the database stays closed, under the name postern_restore_'),
    ]),
  });
  const name = `postern_restore_${plan.id.slice(0, 16)}`;
  const there = await sql(
    platform.url,
    `select datname from pg_database where datname in ('${name}', '${new URL(url).pathname.slice(1)}')`,
  );
  expect(there).toEqual([{ datname: name }]);
  expect(await backupRestore.leftovers?.(context, plan)).toEqual([
    `the plan leaves the closed database ${name}, which nobody uses; to remove it: DROP DATABASE "${name}";`,
  ]);
  const able = { ...context, erasureReplayers: [deleting, { ...deleting, kind: 'unheard-of' }] };
  await applyPlan(able, backupRestore, plan.id);
  expect(await people(url)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  await drop(url);
});

function stepThat(kind: string, first: () => Promise<void>): typeof backupRestore.applyStep {
  return async (context, plan, index, journal) => {
    if (plan.body.steps[index]?.kind === kind) await first();
    return backupRestore.applyStep(context, plan, index, journal);
  };
}

test('an erasure that comes between its step and the opening is repeated too', async () => {
  await erase(1);
  const restore = await prepared();
  const { plan, context, url } = restore;
  const late = { ...backupRestore, applyStep: stepThat('open', () => erase(9)) };
  const { certificateId } = await applyPlan(context, late, plan.id);
  expect(await people(url)).toEqual([2, 3, 4, 5, 6, 7, 8]);
  expect(await certified(restore, certificateId)).toMatchObject({ erasures: { entries: 2, rows: 1 } });
  await drop(url);
});

test('a replay that fails leaves nothing half erased', async () => {
  await erase(1);
  await erase(2, { kind: 'failing' });
  const failing: ErasureReplayer = {
    kind: 'failing',
    replay: () => Promise.reject(failure('cannot')),
  };
  const restore = await prepared({ erasureReplayers: [deleting, failing] });
  await expect(applyPlan(restore.context, backupRestore, restore.plan.id)).rejects.toMatchObject({
    exitCode: 7,
  });
  const closed = withDatabase(platform.url, `postern_restore_${restore.plan.id.slice(0, 16)}`);
  expect(await people(closed)).toHaveLength(9);
  await drop(closed);
});

test('a state database that never saw the set cannot know who was erased since', async () => {
  const fresh = await testDatabase();
  await withConnection({ url: fresh.url, role: 'test' }, (client) => migrateState(client));
  const pool = await openPool({ url: fresh.url, role: 'test' });
  try {
    await expect(prepared({ state: async () => pool })).rejects.toMatchObject({
      exitCode: 6,
      code: 'erasure-ledger-unknown',
    });
    await expect(prepared({ state: async () => pool }, { source: 'state' })).resolves.toBeDefined();
  } finally {
    await pool.end();
    await fresh.drop();
  }
});

test('without erasures, the database is named to confirm it, and plan, log and certificate tell', async () => {
  await erase(1, { kind: 'unheard-of' });
  const restore = await prepared({}, { erasures: 'skip' });
  const { plan, context, url } = restore;
  expect(restoreKind(plan).danger).toBe('severe');
  expect(
    restoreKind((await prepared({ erasureReplayers: [{ ...deleting, kind: 'unheard-of' }] })).plan).danger,
  ).toBe('moderate');
  expect(plan.body.inputs['erasures']).toBe('skip');
  expect(plan.body.steps.map(({ summary }) => summary)).toContainEqual(
    expect.stringMatching(/^REPEAT NO ERASURES/),
  );
  const { certificateId } = await applyPlan(context, restoreKind(plan), plan.id);
  expect(await people(url)).toHaveLength(9);
  expect(await certified(restore, certificateId)).toMatchObject({ erasures: { state: 'skipped' } });
  const logged = await sql(
    world.stateUrl,
    `select body::jsonb ->> 'event' as event from postern.audit_entry
      where body::jsonb ->> 'action' = 'backup.restore.without-erasures' and body::jsonb ->> 'plan' = '${plan.id}' order by seq`,
  );
  expect(logged).toEqual([{ event: 'intent' }, { event: 'done' }]);
  await drop(url);
});

test('a restore is on record with its plan, and one that differs as failed', async () => {
  const restore = await prepared();
  await applyPlan(restore.context, backupRestore, restore.plan.id);
  await drop(restore.url);
  const damaged = await prepared();
  const step = {
    ...backupRestore,
    applyStep: stepThat('compare', async () => {
      const closed = withDatabase(platform.url, `postern_restore_${damaged.plan.id.slice(0, 16)}`);
      await sql(closed, 'delete from person where id = 3');
    }),
  };
  await expect(applyPlan(damaged.context, step, damaged.plan.id)).rejects.toMatchObject({
    exitCode: 5,
    code: 'restore-differs',
  });
  const checks = await sql(
    world.stateUrl,
    `select kind, outcome, destination, detail ->> 'plan' as plan from postern.backup_check where set_id = '${setId}' order by check_id desc limit 2`,
  );
  expect(checks).toEqual([
    { kind: 'restore', outcome: 'failed', destination: 'offsite', plan: damaged.plan.id },
    { kind: 'restore', outcome: 'passed', destination: 'offsite', plan: restore.plan.id },
  ]);
  await drop(withDatabase(platform.url, `postern_restore_${damaged.plan.id.slice(0, 16)}`));
});
