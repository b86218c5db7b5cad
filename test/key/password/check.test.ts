import { expect, test } from 'vitest';
import {
  type ManagedPassword,
  type PasswordContext,
  passwordKeys,
  passwordRotation,
  planRotation,
} from '../../../src/lib/key/password/index.ts';
import type { PasswordState } from '../../../src/lib/key/password/results.ts';
import { applyPlan } from '../../../src/lib/operation/apply.ts';
import { savePlan } from '../../../src/lib/operation/plan-store.ts';
import { clockAt } from '../../support/operation.ts';
import { managedPassword, passwordWorld } from '../../support/password-world.ts';

const world = passwordWorld();
const day = 86_400_000;

async function rotated(own: Partial<ManagedPassword> = {}): Promise<ManagedPassword> {
  const roles = await world.roles('a', 'b');
  const managed = managedPassword({ roles, folder: world.folder, databaseUrl: world.database.url, ...own });
  const context = world.context(managed);
  const inUse = roles[0] ?? '';
  const { plan } = await planRotation(context, managed.name, { reason: 'routine', sessions: 'leave', inUse });
  await savePlan(context, plan);
  await applyPlan(context, passwordRotation, plan.id);
  return managed;
}

async function check(managed: ManagedPassword, own: Partial<PasswordContext> = {}): Promise<PasswordState> {
  const [found] = await passwordKeys(world.context(managed, own), [managed.name]);
  if (found === undefined) throw new Error('nothing was checked');
  return found;
}

const codes = ({ findings }: PasswordState): readonly string[] => findings.map(({ code }) => code);

test('what was rotated and is kept as SCRAM is current', async () => {
  const managed = await rotated();
  const state = await check(managed);
  expect(state).toMatchObject({
    verdict: 'current',
    inUse: managed.roles[1],
    roles: [{ form: 'scram-sha-256' }, { form: 'scram-sha-256' }],
    cryptoperiodSeconds: 90 * 86_400,
    findings: [],
    unknown: [],
  });
  expect(state.ageSeconds).toBeLessThan(60);
});

test('it is overdue after its cryptoperiod, and not before', async () => {
  const managed = await rotated();
  expect(codes(await check(managed, { clock: clockAt(89 * day) }))).toEqual([]);
  expect(codes(await check(managed, { clock: clockAt(91 * day) }))).toEqual(['overdue']);
});

test('before the first rotation its age is not known', async () => {
  const roles = await world.roles('a', 'b');
  const managed = managedPassword({ roles, folder: world.folder, databaseUrl: world.database.url });
  expect(await check(managed)).toMatchObject({
    verdict: 'findings',
    inUse: null,
    rotatedAt: null,
    findings: [{ code: 'never-rotated' }],
  });
});

test('no password in use, md5, an end of validity, other privileges and a role that is gone are found', async () => {
  const managed = await rotated();
  const [a = '', b = ''] = managed.roles;
  await world.client.query(`alter role "${a}" password null`);
  expect(codes(await check(managed))).toEqual([]);
  await world.client.query(`alter role "${b}" password null`);
  expect(codes(await check(managed))).toEqual(['no-password']);
  await world.client.query(`alter role "${b}" password 'md5${'0'.repeat(32)}'`);
  expect(codes(await check(managed))).toEqual(['md5']);
  await world.client.query(`alter role "${a}" password 'x'; alter role "${b}" password 'x'`);
  await world.client.query(`alter role "${a}" valid until '2020-01-01'; alter role "${b}" nologin createdb`);
  expect(codes(await check(managed))).toEqual(['no-login', 'roles-differ', 'valid-until']);
  const gone = { ...managed, roles: ['no_such_role'] };
  expect(codes(await check(gone))).toEqual(['role-missing']);
});

test('an unfinished rotation is found', async () => {
  const managed = await rotated();
  const stuck = { ...managed, loginUrl: 'postgresql://127.0.0.1:1/nowhere' };
  const context = world.context(stuck);
  const { plan } = await planRotation(context, managed.name, { reason: 'routine', sessions: 'leave' });
  await savePlan(context, plan);
  await expect(applyPlan(context, passwordRotation, plan.id)).rejects.toMatchObject({ exitCode: 7 });
  expect(codes(await check(managed))).toEqual(['rotation-open']);
});

test('a server that cannot be asked is unknown, and what the state database knows is still told', async () => {
  const managed = await rotated();
  const away = { ...managed, adminUrl: () => Promise.resolve('postgresql://x:y@127.0.0.1:1/nowhere') };
  const state = await check(away);
  expect(state).toMatchObject({ verdict: 'unknown', findings: [], roles: [{ form: null }, { form: null }] });
  expect(state.rotatedAt).not.toBeNull();
  expect(state.unknown).toEqual([expect.stringContaining('cannot be reached')]);
  expect((await check(away, { clock: clockAt(91 * day) })).verdict).toBe('findings');
});

test('a login that may not look at verifiers says so, and that is no finding', async () => {
  const managed = await rotated();
  const [weak = ''] = await world.roles('weak');
  const state = await check({ ...managed, adminUrl: () => Promise.resolve(world.urlOf(weak, 'old')) });
  expect(state).toMatchObject({ verdict: 'current', roles: [{ form: 'unknown' }, { form: 'unknown' }] });
});
