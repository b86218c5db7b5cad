import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PruneContext } from '../../src/lib/backup/prune/context.ts';
import { backupPrune } from '../../src/lib/backup/prune/kind.ts';
import { planPrune } from '../../src/lib/backup/prune/plan-prune.ts';
import { failure } from '../../src/lib/base/error.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { verifyCertificate } from '../../src/lib/operation/certificate.ts';
import type { Plan } from '../../src/lib/operation/plan.ts';
import { withJobLock } from '../../src/lib/state/job-lock.ts';
import { testSigner } from '../support/operation.ts';
import { addCheck, day, idOf, now, type PruneWorld, pruneWorld } from './prune-world.ts';

const [march, april, may, latest] = ['2026-03-01', '2026-04-01', '2026-05-01', '2026-05-30'].map((date) =>
  idOf(date),
) as [string, string, string, string];
const manifestOf = (setId: string): string => `${setId}/manifest.json.pgp`;
const later = new Date(now.getTime() + 30 * day);
let world: PruneWorld;

beforeEach(async () => {
  world = await pruneWorld();
});
afterEach(() => world.close());

const apply = (plan: Plan, context: PruneContext = world.context) => applyPlan(context, backupPrune, plan.id);

const copies = async () => {
  const { rows } = await world.state.pool.query<{ set_id: string; state: string }>(
    'select set_id, state from postern.backup_copy order by set_id',
  );
  return Object.fromEntries(rows.map(({ set_id: setId, state }) => [setId, state]));
};

test('a set that no rule keeps goes with every version, its manifest first, and the certificate says so', async () => {
  for (const setId of [march, april, latest]) await world.addSet(setId);
  await world.put(manifestOf(march));
  await world.store.delete(`offsite/test/${march}/README.txt`);
  await world.put(`rewraps/${march}/keys.pgp`);
  const deleted: string[] = [];
  const watched: ObjectStore = {
    ...world.store,
    delete: async (key, options) => {
      deleted.push(key.slice(13));
      return world.store.delete(key, options);
    },
  };
  const signer = testSigner();
  const context = world.withStore(watched, signer);
  const { plan, decided } = await world.plan({ last: 2 }, context);
  expect(decided).toEqual({ [march]: 'remove', [april]: 'keep', [latest]: 'keep' });
  expect(plan.body).toMatchObject({
    target: { database: 'offsite', host: expect.stringMatching(/^file:.*offsite\/test\/$/) },
    effects: { 'sets removed': 1, 'keyrings removed': 2 },
  });
  const { certificateId } = await apply(plan, context);
  expect(await world.files(`${march}/`)).toEqual([]);
  expect(await world.files(`rewraps/`)).toEqual([]);
  expect(await world.files(`${april}/`)).toHaveLength(3);
  const ofSet = deleted.filter((key) => !key.startsWith('keyrings'));
  expect(ofSet.slice(0, 2)).toEqual([manifestOf(march), manifestOf(march)]);
  expect(ofSet.slice(2)).not.toContain(manifestOf(march));
  expect(await copies()).toEqual({ [march]: 'pruned', [april]: 'complete', [latest]: 'complete' });
  const { rows } = await world.state.pool.query<{ envelope: string; sha256: string }>(
    `select envelope, (select manifest_sha256 from postern.backup_set where set_id = $2) as sha256
     from postern.certificate where id = $1`,
    [certificateId, march],
  );
  const { statement } = verifyCertificate(rows[0]?.envelope ?? '', [signer.publicKey]);
  expect(statement).toMatchObject({
    predicateType: 'urn:postern:predicate:backup-prune:v1',
    subject: [{ name: 'plan' }, { name: `backup set ${march}`, digest: { sha256: rows[0]?.sha256 } }],
    predicate: {
      destination: 'offsite',
      removed: [{ what: 'set', setId: march, versions: 6 }, { what: 'keyring' }, { what: 'keyring' }],
      kept: [{ setId: april }, { setId: latest, reasons: ['one of the last', 'the newest complete set'] }],
    },
  });
});

test('a set of which anything is locked stays whole', async () => {
  await world.addSet(march, { lockedUntil: later });
  await world.addSet(april, { lockedUntil: later, lockedFile: 'README.txt' });
  await world.addSet(may);
  await world.addSet(latest);
  const { plan, decided } = await world.plan({ last: 1 });
  expect(decided).toEqual({ [march]: 'retained', [april]: 'retained', [may]: 'remove', [latest]: 'keep' });
  expect(plan.body.inputs['entries']).toContainEqual(
    expect.objectContaining({ setId: april, what: 'set', lockedUntil: later.toISOString() }),
  );
  await apply(plan);
  expect(await world.files(`${march}/`)).toHaveLength(3);
  expect(await world.files(`${april}/`)).toHaveLength(3);
  expect(await world.files(`${may}/`)).toEqual([]);
});

test('a set that is locked after it was planned stays whole, and still counts', async () => {
  for (const setId of [march, latest]) await world.addSet(setId);
  const { plan } = await world.plan({ last: 1 });
  await world.put(`${march}/README.txt`, later);
  await apply(plan);
  expect(await world.files(`${march}/`)).toContain(manifestOf(march));
  expect(await copies()).toMatchObject({ [march]: 'complete' });
});

test('a manifest that the store refuses to give up keeps its set', async () => {
  for (const setId of [march, latest]) await world.addSet(setId);
  const context = world.withStore({
    ...world.store,
    delete: async (key, options) =>
      key.endsWith(manifestOf(march)) ? 'retained' : world.store.delete(key, options),
  });
  const { plan } = await world.plan({ last: 1 }, context);
  await apply(plan, context);
  expect(await world.files(`${march}/`)).toHaveLength(3);
  expect(await copies()).toMatchObject({ [march]: 'complete' });
});

test('the newest verified and the last drilled set stay, by their contents and not by their names', async () => {
  const older = idOf('2026-02-01');
  for (const setId of [older, march, april, may, latest]) await world.addSet(setId);
  await addCheck(world.state, march, { kind: 'drill' });
  await addCheck(world.state, april, { kind: 'verify', level: 'sample=5%' });
  await addCheck(world.state, may, { kind: 'verify', level: 'full', outcome: 'failed' });
  await addCheck(world.state, older, { kind: 'verify', level: 'head' });
  const { plan, decided } = await world.plan({ last: 1 });
  expect(decided).toEqual({
    [older]: 'remove',
    [march]: 'keep',
    [april]: 'keep',
    [may]: 'remove',
    [latest]: 'keep',
  });
  await addCheck(world.state, may, { kind: 'verify', level: 'full', at: '2026-06-01T13:00:00Z' });
  await addCheck(world.state, older, { kind: 'verify', level: 'full', at: '2026-06-01T14:00:00Z' });
  await apply(plan);
  expect(await world.files(`${may}/`), 'verified since the plan').toHaveLength(3);
  expect(await world.files(`${older}/`), 'verified later, and not the newest of them').toEqual([]);
});

test('of sets that were verified all together, the newest stays, and none that was damaged since', async () => {
  for (const setId of [march, april, may, latest]) await world.addSet(setId);
  // As `verify --all` goes: the newest first, the oldest last.
  for (const [hour, setId] of [may, april, march].entries())
    await addCheck(world.state, setId, {
      kind: 'verify',
      level: 'full',
      at: `2026-06-01T0${hour + 1}:00:00Z`,
    });
  expect((await world.plan({ last: 1 })).decided).toEqual({
    [march]: 'remove',
    [april]: 'remove',
    [may]: 'keep',
    [latest]: 'keep',
  });
  await addCheck(world.state, may, { kind: 'verify', level: 'head', outcome: 'failed' });
  const { plan, decided } = await world.plan({ last: 1 });
  expect(decided).toMatchObject({ [april]: 'keep', [may]: 'remove' });
  await apply(plan);
  expect(await world.files(`${april}/`)).toHaveLength(3);
});

test('what was verified and is gone protects nothing in place of what is there', async () => {
  await world.addSet(march);
  await world.addSet(april, { manifest: 'no' });
  await world.addSet(latest);
  const { plan } = await world.plan({ last: 1 });
  await addCheck(world.state, march, { kind: 'verify', level: 'full', at: '2026-06-01T13:00:00Z' });
  await addCheck(world.state, april, { kind: 'verify', level: 'full', at: '2026-06-01T13:00:00Z' });
  await apply(plan);
  expect(await world.files(`${march}/`)).toHaveLength(3);
});

test('parts of a run that made no set go after the grace, and not before', async () => {
  const young = idOf('2026-05-29');
  await world.addSet(march, { registered: 'running', manifest: 'no' });
  await world.addSet(april, { registered: 'failed', manifest: 'no' });
  await world.addSet(may, { registered: 'no', manifest: 'no' });
  await world.addSet(young, { registered: 'failed', manifest: 'no' });
  await world.addSet(latest);
  const { plan, decided } = await world.plan({ last: 5 });
  expect(decided).toEqual({
    [march]: 'remove',
    [april]: 'remove',
    [may]: 'remove',
    [young]: 'keep',
    [latest]: 'keep',
  });
  await apply(plan);
  expect(await world.files()).toEqual((await world.files()).filter((file) => /20260(529|530)T/.test(file)));
});

test('while a run is alive, its parts are no orphans, and nothing is removed', async () => {
  await world.addSet(march, { registered: 'running', manifest: 'no' });
  await world.addSet(april, { registered: 'failed', manifest: 'no' });
  await world.addSet(may);
  await world.addSet(latest);
  await withJobLock(world.state.pool, 'backup test', async () => {
    const { plan, decided } = await world.plan({ last: 1 });
    expect(decided).toEqual({ [march]: 'keep', [april]: 'remove', [may]: 'keep', [latest]: 'keep' });
    await expect(apply(plan)).rejects.toMatchObject({ exitCode: 11 });
  });
  expect(await world.files(`${april}/`)).toHaveLength(2);
});

test('parts that have become a set since they were planned are left alone', async () => {
  await world.addSet(march, { registered: 'failed', manifest: 'no' });
  await world.addSet(latest);
  const { plan } = await world.plan({ last: 5 });
  const calls: number[] = [];
  const context = world.withStore({
    ...world.store,
    // The manifest comes between the preconditions and the step.
    async *listVersions(prefix) {
      calls.push(1);
      if (calls.length === 2) await world.put(manifestOf(march));
      yield* world.store.listVersions(prefix);
    },
  });
  await apply(plan, context);
  expect(await world.files(`${march}/`)).toHaveLength(3);
});

test('a manifest that is hidden behind a delete marker still makes a set, and the marker is told', async () => {
  for (const setId of [march, latest]) await world.addSet(setId);
  await world.store.delete(`offsite/test/${manifestOf(march)}`);
  await world.put('probe/2026-05-01-unlocked');
  const warnings: string[] = [];
  const progress = { ...silentProgress, warn: (line: string) => void warnings.push(line) };
  const context = world.withStore(world.store, { progress });
  const options = { keep: { last: 2, daily: 0, weekly: 0, monthly: 0, yearly: 0 }, grace: 7 * day };
  const { entries } = await planPrune(context, 'offsite', options);
  expect(entries).toContainEqual(expect.objectContaining({ setId: march, what: 'set', action: 'keep' }));
  expect(warnings).toEqual([expect.stringContaining(march)]);
});

test('a set whose manifest is gone, though the register has it as complete, is no orphan', async () => {
  await world.addSet(march, { manifest: 'no' });
  await world.addSet(april);
  await world.addSet(latest);
  expect((await world.plan({ last: 1 })).decided).toMatchObject({ [march]: 'keep', [april]: 'remove' });
});

test('sets that the register does not know push none out that it knows', async () => {
  for (const setId of [march, april]) await world.addSet(setId);
  for (const number of [1, 2, 3]) await world.addSet(idOf('2026-05-10', number), { registered: 'no' });
  expect((await world.plan({ last: 2 })).decided).toEqual({
    [march]: 'keep',
    [april]: 'keep',
    [idOf('2026-05-10', 1)]: 'remove',
    [idOf('2026-05-10', 2)]: 'keep',
    [idOf('2026-05-10', 3)]: 'keep',
  });
});

test('a set stays whose mail objects a kept one needs, also by a third, and also when that is known only later', async () => {
  const first = idOf('2026-02-01');
  for (const setId of [first, march, april, may, latest]) await world.addSet(setId);
  const needs = (setId: string, base: readonly string[]) =>
    world.state.pool.query(
      `insert into postern.backup_object_set (set_id, mode, part_plain_size, base) values ($1, $2, 1, $3)`,
      [setId, base.length === 0 ? 'full' : 'incremental', base],
    );
  await needs(march, []);
  await needs(april, [march]);
  await needs(latest, [april]);
  const { plan, decided } = await world.plan({ last: 1 });
  expect(decided).toEqual({
    [first]: 'remove',
    [march]: 'keep',
    [april]: 'keep',
    [may]: 'remove',
    [latest]: 'keep',
  });
  const next = idOf('2026-06-01');
  await world.addSet(next);
  expect((await world.plan({ last: 1 })).decided).toMatchObject({ [latest]: 'remove', [next]: 'keep' });
  await needs(next, [may]);
  await apply(plan);
  expect((await world.files()).filter((file) => file.startsWith(may))).toHaveLength(3);
  expect((await world.files()).filter((file) => file.startsWith(first))).toEqual([]);
});

test('what a set needs that the store keeps stays with it', async () => {
  await world.addSet(march);
  await world.addSet(april, { lockedUntil: later });
  await world.addSet(latest);
  await world.state.pool.query(
    `insert into postern.backup_object_set (set_id, mode, part_plain_size, base) values ($1, 'incremental', 1, $2)`,
    [april, [march]],
  );
  expect((await world.plan({ last: 1 })).decided).toEqual({
    [march]: 'keep',
    [april]: 'retained',
    [latest]: 'keep',
  });
});

test('where increments are made, everything that a set may need stays that the register does not know', async () => {
  for (const setId of [march, april]) await world.addSet(setId);
  await world.addSet(may, { registered: 'no' });
  await world.addSet(latest);
  expect((await world.plan({ last: 1 })).decided).toMatchObject({ [march]: 'remove', [april]: 'remove' });
  await world.state.pool.query(
    `insert into postern.backup_object_set (set_id, mode, part_plain_size, base) values ($1, 'incremental', 1, $2)`,
    [latest, [april]],
  );
  expect((await world.plan({ last: 1 })).decided).toMatchObject({ [march]: 'keep', [april]: 'keep' });
});

test('keyrings go on their own clock; those of the newest set and locked ones stay', async () => {
  await world.addSet(march);
  await world.addSet(april, { keyringLockedUntil: later });
  await world.addSet(may);
  const { plan } = await world.plan({ last: 3 });
  await apply(plan);
  expect((await world.files('keyrings/')).map((file) => file.split('/')[1])).toEqual([april, may]);
  const { rows } = await world.state.pool.query<{ set_id: string }>(
    'select set_id from postern.backup_copy where keyring_pruned_at is not null',
  );
  expect(rows).toEqual([{ set_id: march }]);
});

test('a keyring that would go with its set stays while the set does', async () => {
  const [locked, verified, latest] = ['2026-05-20', '2026-05-21', '2026-05-30'].map((date) => idOf(date)) as [
    string,
    string,
    string,
  ];
  await world.addSet(locked, { lockedUntil: later });
  await world.addSet(verified);
  await world.addSet(idOf('2026-05-22'));
  await world.addSet(latest);
  const { plan } = await world.plan({ last: 1 });
  await addCheck(world.state, verified, { kind: 'verify', level: 'full' });
  await apply(plan);
  const left = (await world.files('keyrings/')).map((file) => file.split('/')[1]);
  expect(left).toEqual([locked, verified, latest]);
});

test('probes of earlier days go, and what is none of postern is never touched', async () => {
  await world.addSet(latest);
  await world.put('probe/today');
  await world.put('notes/of-somebody');
  await world.put('20269999T020000Z-00000001/manifest.json.pgp');
  const tomorrow = { now: () => new Date(now.getTime() + 3 * day) };
  const context = world.withStore(world.store, { clock: tomorrow });
  const { plan } = await world.plan({ last: 1 }, context);
  expect(plan.body.steps).toMatchObject([{ kind: 'remove-probes' }]);
  await apply(plan, context);
  const left = (await world.files()).filter((file) => !file.includes(latest));
  expect(left).toEqual(['20269999T020000Z-00000001/manifest.json.pgp', 'notes/of-somebody']);
});

test('without any rule, or with nothing to remove, there is no plan', async () => {
  await world.addSet(latest);
  const keep = { last: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
  await expect(planPrune(world.context, 'offsite', { keep, grace: day })).rejects.toMatchObject({
    exitCode: 2,
    code: 'prune-without-rules',
  });
  const { plan, entries } = await planPrune(world.context, 'offsite', {
    keep: { ...keep, last: 1 },
    grace: day,
  });
  expect(plan).toBeUndefined();
  expect(entries).toMatchObject([
    { what: 'set', action: 'keep' },
    { what: 'keyring', action: 'keep' },
  ]);
});

test('a plan is stale once a set is gone that it saw, and not because a newer one has come', async () => {
  for (const setId of [march, april, may]) await world.addSet(setId);
  const { plan } = await world.plan({ last: 1 });
  await world.addSet(latest);
  await backupPrune
    .preconditions(world.context, plan)
    .then((found) => expect(found).toEqual(plan.body.preconditions));
  const manifest = `offsite/test/${manifestOf(may)}`;
  const { versionId = '' } = (await world.store.head(manifest)) ?? {};
  await world.store.delete(manifest, { versionId });
  await expect(apply(plan)).rejects.toMatchObject({ exitCode: 6, code: 'plan-stale' });
});

test('a prune that fails at any delete leaves no half set, goes on from there, and counts everything once', async () => {
  for (const setId of [march, april, latest]) await world.addSet(setId);
  const { plan } = await world.plan({ last: 1 });
  const { bytes, versions } = {
    bytes: plan.body.effects['bytes freed'],
    versions: plan.body.effects['object versions deleted'],
  };
  let budget = 0;
  let attempts = 0;
  const context = world.withStore({
    ...world.store,
    delete: async (key, options) => {
      // It fails after the delete as well as before it.
      if (budget === 0) throw failure('the store is gone', { code: 'store-unavailable' });
      budget -= 1;
      const outcome = await world.store.delete(key, options);
      if (budget === 0) throw failure('the answer is lost', { code: 'store-unavailable' });
      return outcome;
    },
  });
  for (let isDone = false; !isDone; attempts += 1) {
    budget = 2;
    isDone = await apply(plan, context).then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ exitCode: attempts === 0 ? expect.any(Number) : 7 });
        return false;
      },
    );
    const files = await world.files();
    for (const setId of [march, april]) {
      if (files.includes(manifestOf(setId)))
        expect(files.filter((file) => file.startsWith(setId))).toHaveLength(3);
    }
    expect(attempts).toBeLessThan(40);
  }
  expect(attempts).toBeGreaterThan(4);
  expect((await world.files()).every((file) => file.includes(latest))).toBe(true);
  const { rows } = await world.state.pool.query<{ bytes: number; versions: number }>(
    `select sum((detail->>'bytes')::int)::int as bytes, sum((detail->>'versions')::int)::int as versions
     from postern.plan_journal where event = 'done'`,
  );
  expect(rows).toEqual([{ bytes, versions }]);
});

test('going on is refused once the newest set is gone that the plan relied upon', async () => {
  for (const setId of [march, april, latest]) await world.addSet(setId);
  const { plan } = await world.plan({ last: 1 });
  const context = world.withStore({
    ...world.store,
    delete: async () => {
      throw failure('the store is gone', { code: 'store-unavailable' });
    },
  });
  await expect(apply(plan, context)).rejects.toThrow('the store is gone');
  const manifest = `offsite/test/${manifestOf(latest)}`;
  const { versionId = '' } = (await world.store.head(manifest)) ?? {};
  await world.store.delete(manifest, { versionId });
  await expect(apply(plan)).rejects.toMatchObject({ cause: { code: 'prune-newest-missing' } });
  expect(await world.files(`${april}/`)).toHaveLength(3);
});

test('destinations are pruned on their own', async () => {
  for (const setId of [march, latest]) await world.addSet(setId);
  for (const setId of [march, latest])
    await world.store.put(`second/test/${manifestOf(setId)}`, Buffer.from(setId));
  const keep = { last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
  const { plan } = await planPrune(world.context, 'second', { keep, grace: day });
  expect(plan?.body).toMatchObject({ target: { database: 'second' }, steps: [{ kind: 'remove-set' }] });
  expect(await world.files(`${march}/`)).toHaveLength(3);
});
