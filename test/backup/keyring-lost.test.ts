// Wrapped keys that are gone: by rule, or behind our back.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SetStore } from '../../src/lib/backup/context.ts';
import type { BackupDrillResult } from '../../src/lib/backup/drill/results.ts';
import { runDrill } from '../../src/lib/backup/drill/run-drill.ts';
import { backupRestore } from '../../src/lib/backup/restore/kind.ts';
import { restoreOutcome } from '../../src/lib/backup/restore/outcome.ts';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { drillExitCode, drillLines } from '../../src/lib/cli/drill-text.ts';
import { restoreLines } from '../../src/lib/cli/restore-text.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { testServer } from '../support/postgres.ts';
import { sql } from './round-trip.ts';
import { keyringLock, type VerifyWorld, verifyWorld, watched, withoutKeys } from './verify-world.ts';

let world: VerifyWorld;

beforeAll(async () => {
  world = await verifyWorld();
});
afterAll(() => world?.close());

const own = (setId: string): SetStore => withoutKeys(world.sets, new RegExp(`/keyrings/${setId}/`));
const all = (): SetStore => withoutKeys(world.sets, /\/keyrings\//);
/** When every lock of a keyring has ended. */
const later = { now: () => new Date(Date.now() + 2 * keyringLock) };

async function drill(
  sets: SetStore,
  setId: string,
  { clock }: { readonly clock?: typeof later } = {},
): Promise<BackupDrillResult & { readonly warnings: readonly string[] }> {
  const { url } = await testServer();
  const progress = watched();
  const context = await world.restoreContext({
    workers: 1,
    sets,
    progress,
    ...(clock === undefined ? {} : { clock }),
  });
  const result = await runDrill(
    { ...context, tool: 'postern test' },
    {
      setId,
      smoke: [],
      whenDone: 'clean-up',
      startServer: async () => ({ kind: 'given', url, close: async () => {}, keep: async () => [] }),
    },
  );
  return { ...result, warnings: progress.warnings };
}

async function whilePruned(setId: string, work: () => Promise<void>): Promise<void> {
  const set = (value: string) =>
    sql(
      world.stateUrl,
      `update postern.backup_copy set keyring_pruned_at = ${value} where set_id = '${setId}'`,
    );
  await set('now()');
  try {
    await work();
  } finally {
    await set('null');
  }
}

test('a drill finds that the keyring is gone before its time, and says how many rows lost their key', async () => {
  const result = await drill(all(), world.newer);
  expect(result).toMatchObject({
    verdict: 'findings',
    sources: [{ keyring: { from: null, rows: 0, missing: 50, lost: [world.newer] } }],
  });
  expect(result.findings).toEqual([
    `the keyring of ${world.newer} is gone, though its lock has not ended and postern has not pruned it: 50 rows of platform have no wrapped key, and nobody can read what it encrypts`,
  ]);
  expect(drillLines(result)).toContain(`finding: ${result.findings[0]}`);
  expect(drillExitCode(result)).toBe(5);
});

test('a younger keyring does not excuse one that should still be there', async () => {
  const result = await drill(own(world.older), world.older);
  expect(result).toMatchObject({
    verdict: 'findings',
    sources: [{ keyring: { from: world.newer, rows: 50, missing: 0, lost: [world.older] } }],
  });
  expect(result.findings).toEqual([
    `the keyring of ${world.older} is gone, though its lock has not ended and postern has not pruned it: 50 rows of platform have their wrapped key from the keyring of ${world.newer}`,
  ]);
});

test('a keyring that postern pruned, or whose lock has ended, is replaced by a younger one without a finding', async () => {
  const passed = {
    verdict: 'passed',
    findings: [],
    sources: [{ keyring: { from: world.newer, rows: 50, lost: [] } }],
  };
  await whilePruned(world.older, async () =>
    expect(await drill(own(world.older), world.older)).toMatchObject(passed),
  );
  expect(await drill(own(world.older), world.older, { clock: later })).toMatchObject(passed);
});

test('where no keyring is left at all, the drill finds that nothing can be read, whatever explains it', async () => {
  const { verdict, findings } = await drill(all(), world.older, { clock: later });
  expect(verdict).toBe('findings');
  expect(findings).toEqual([
    'no keyring is left at offsite: 50 rows of platform have no wrapped key, and nobody can read what it encrypts',
  ]);
});

test('without the state database the lock in the manifest is asked, and a warning says so', async () => {
  const progress = watched();
  const state = () => Promise.reject(new Error('the server is gone'));
  const plan = await planRestore(
    await world.restoreContext({ sets: all(), progress, state }),
    world.newer,
    // The erasures are not what is asked here, and they need it.
    { database: 'never_made', erasures: 'skip' },
  );
  expect(plan.body.inputs).toMatchObject({ keyring: null, lostKeyrings: [world.newer] });
  expect(progress.warnings[0]).toMatch(/state database cannot be used, so .*: the server is gone/);
});

test('a plan tells which keyring gives how many keys, and how many are lost and why', async () => {
  const database = 'never_made';
  const planned = async (sets: SetStore, setId: string, changes: object = {}) => {
    const progress = watched();
    const context = await world.restoreContext({ sets, progress, ...changes });
    const { effects, steps } = (await planRestore(context, setId, { database })).body;
    const [summary] = steps.filter(({ kind }) => kind === 'keyring').map((step) => step.summary);
    return { effects, summary, warnings: progress.warnings };
  };
  expect(await planned(world.sets, world.newer)).toMatchObject({
    effects: { 'wrapped keys': 50 },
    summary: 'load 50 wrapped keys',
    warnings: [],
  });
  const younger = await planned(own(world.older), world.older);
  expect(younger.effects).toMatchObject({ [`wrapped keys at most, by the keyring of ${world.newer}`]: 50 });
  expect(younger.effects).not.toHaveProperty('wrapped keys');
  expect(younger.warnings).toEqual([
    expect.stringMatching(/^KEYRING GONE: the keyring of .* is gone, though its lock has not ended/),
  ]);
  const ended = await planned(own(world.older), world.older, { clock: later });
  expect(ended.summary).toBe(
    `load what the keyring of ${world.newer} still has of 50 wrapped keys: the set's own has ended`,
  );
  expect(ended.warnings).toEqual([]);
  const none = await planned(all(), world.newer);
  expect(none.effects).toMatchObject({ 'wrapped keys': 0, 'rows without their wrapped key': 50 });
  expect(none.summary).toMatch(/^LOAD NO WRAPPED KEYS: no keyring is left, .*cannot be read/);
  expect(none.warnings).toHaveLength(1);
});

test('a restore without its keyring goes on, warns when it is applied, and says it in its result', async () => {
  const progress = watched();
  const database = `without_keys_${process.pid}`;
  const context = await world.restoreContext({ workers: 1, sets: all(), progress });
  const plan = await planRestore(context, world.newer, { database });
  await savePlan(context, plan);
  const planned = progress.warnings.length;
  const applied = await applyPlan(context, backupRestore, plan.id);
  expect(progress.warnings.slice(planned)).toContainEqual(
    expect.stringMatching(/^KEYRING GONE: .*50 rows of platform have no wrapped key/),
  );
  const result = await restoreOutcome(context, { plan, applied });
  expect(result.keyring).toEqual({ from: null, rows: 0, missing: 50, lost: [world.newer] });
  expect(restoreLines(result, 'applied')).toContain(
    `WRAPPED KEYS: 50 rows have none; gone before its time: the keyring of ${world.newer}`,
  );
  await sql((await testServer()).url, `drop database ${database}`);
});
