import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { failure } from '../../../src/lib/base/error.ts';
import { connect } from '../../../src/lib/base/postgres.ts';
import { type ManagedPassword, passwordRotation, planRotation } from '../../../src/lib/key/password/index.ts';
import { readPending, writePending } from '../../../src/lib/key/password/pending.ts';
import { type Place, publishedLogin } from '../../../src/lib/key/password/place.ts';
import { filePlace } from '../../../src/lib/key/password/places.ts';
import { plainFile } from '../../../src/lib/key/password/secret-file.ts';
import { applyPlan, checkPlan } from '../../../src/lib/operation/apply.ts';
import { cancelPlan } from '../../../src/lib/operation/cancel.ts';
import type { Plan } from '../../../src/lib/operation/plan.ts';
import { savePlan } from '../../../src/lib/operation/plan-store.ts';
import { managedPassword, passwordWorld } from '../../support/password-world.ts';
import { testServer } from '../../support/postgres.ts';

const world = passwordWorld();

async function hbaFile(): Promise<string> {
  return join((await testServer()).dataDirectory, 'pg_hba.conf');
}

/** Lets pg_hba.conf begin with a line, until the end of the test file. */
let hba: string | undefined;
async function hbaBeginsWith(line: string): Promise<void> {
  const text = await readFile(await hbaFile(), 'utf8');
  hba ??= text;
  await writeFile(await hbaFile(), `${line}\n${hba}`);
  await world.client.query('select pg_reload_conf()');
}
afterAll(async () => {
  if (hba !== undefined) await writeFile(await hbaFile(), hba);
});

/** Readers have a file that works. */
async function managed(suffixes: readonly string[], own = {}): Promise<ManagedPassword> {
  const roles = await world.roles(...suffixes);
  const made = managedPassword({ roles, folder: world.folder, databaseUrl: world.database.url, ...own });
  await made.places[0]?.publish({ role: roles[0] ?? '', password: 'old', verifier: '', planId: '' });
  return made;
}

async function planned(password: ManagedPassword): Promise<Plan> {
  const context = world.context(password);
  const { plan } = await planRotation(context, password.name, { reason: 'routine', sessions: 'leave' });
  await savePlan(context, plan);
  return plan;
}

const apply = (password: ManagedPassword, plan: Plan) =>
  applyPlan(world.context(password), passwordRotation, plan.id);

test('a role that is let in without a password proves nothing: nothing is published', async () => {
  const password = await managed(['a', 'b']);
  const [a = '', b = ''] = password.roles;
  await hbaBeginsWith(`host all "${b}" 127.0.0.1/32 trust`);
  await expect.poll(() => world.canLogin(b, 'wrong')).toBe(true);
  const plan = await planned(password);
  await expect(apply(password, plan)).rejects.toMatchObject({ exitCode: 6, code: 'password-not-asked' });
  expect(await publishedLogin(password)).toMatchObject({ role: a, password: 'old' });
  expect(await world.canLogin(a, 'old')).toBe(true);
});

test('the only role of its readers gets its old password back when the new one is not accepted', async () => {
  const password = await managed(['only']);
  const [only = ''] = password.roles;
  const elsewhere = { ...password, loginUrl: 'postgresql://127.0.0.1:1/nowhere' };
  const plan = await planned(elsewhere);
  await expect(apply(elsewhere, plan)).rejects.toMatchObject({
    exitCode: 7,
    message: expect.stringContaining('the password that its readers have was put back'),
  });
  expect(await world.canLogin(only, 'old')).toBe(true);
  expect(await publishedLogin(password)).toMatchObject({ password: 'old' });
  // Mended, the same plan goes on.
  await apply(password, plan);
  const found = await publishedLogin(password);
  expect(found?.password).not.toBe('old');
  expect(await world.canLogin(only, found?.password ?? '')).toBe(true);
});

test('a place that cannot be written leaves the password waiting, and the plan goes on', async () => {
  const password = await managed(['a', 'b']);
  let isBroken = true;
  const flaky: Place = {
    description: 'somewhere',
    publish: () => (isBroken ? Promise.reject(failure('the disk is full')) : Promise.resolve()),
  };
  const both = { ...password, places: [...password.places, flaky] };
  const plan = await planned(both);
  await expect(apply(both, plan)).rejects.toMatchObject({ exitCode: 7, code: 'plan-partial' });
  const waiting = (await readPending(both))?.logins[0]?.password ?? '';
  expect(await world.canLogin(password.roles[1] ?? '', waiting)).toBe(true);
  isBroken = false;
  await apply(both, plan);
  expect(await publishedLogin(both)).toMatchObject({ password: waiting });
});

test('while one rotation is under way no other is planned or begun, until the first is given up', async () => {
  const password = await managed(['a', 'b']);
  const [first, second] = [await planned(password), await planned(password)];
  const stuck = { ...password, loginUrl: 'postgresql://127.0.0.1:1/nowhere' };
  await expect(apply(stuck, first)).rejects.toMatchObject({ exitCode: 7 });
  await expect(planned(password)).rejects.toMatchObject({ exitCode: 6, code: 'password-rotation-open' });
  await expect(apply(password, second)).rejects.toMatchObject({ code: 'password-rotation-open' });
  const context = world.context(password);
  expect(await passwordRotation.leftovers?.(context, first)).toEqual([
    expect.stringContaining(`${password.pending.path} holds the new password`),
  ]);
  await cancelPlan(context, first.id, { reason: 'test', whenStarted: 'abandon' });
  await apply(password, second);
  expect((await publishedLogin(password))?.role).toBe(password.roles[1]);
});

test('a plan is stale once somebody else has rotated, or the roles have changed', async () => {
  const password = await managed(['a', 'b']);
  const stale = await planned(password);
  await apply(password, await planned(password));
  await expect(apply(password, stale)).rejects.toMatchObject({ exitCode: 6, code: 'plan-stale' });
  const other = await planned(password);
  const both = password.roles.map((role) => `"${role}"`).join(', ');
  await world.client.query(`create table granted_later (); grant select on granted_later to ${both}`);
  await expect(checkPlan(world.context(password), passwordRotation, other.id)).resolves.toBeDefined();
  await world.client.query(`alter role "${password.roles[0]}" createdb`);
  await expect(apply(password, other)).rejects.toMatchObject({ code: 'plan-stale' });
});

test('a password that was changed where it waits is never set', async () => {
  const password = await managed(['a', 'b']);
  const plan = await planned(password);
  const planted: typeof passwordRotation = {
    ...passwordRotation,
    applyStep: async (context, of, index, journal) => {
      const result = await passwordRotation.applyStep(context, of, index, journal);
      if (index === 0) {
        const logins = [{ role: password.roles[1] ?? '', password: 'planted' }];
        await writePending(password, { planId: plan.id, logins, earlier: [] });
      }
      return result;
    },
  };
  await expect(applyPlan(world.context(password), planted, plan.id)).rejects.toMatchObject({
    exitCode: 5,
    code: 'password-tampered',
  });
  expect(await world.canLogin(password.roles[1] ?? '', 'planted')).toBe(false);
  expect(await world.canLogin(password.roles[1] ?? '', 'old')).toBe(true);
});

test('a waiting password that is gone refuses to go on', async () => {
  const password = await managed(['a', 'b']);
  const plan = await planned(password);
  const stuck = { ...password, loginUrl: 'postgresql://127.0.0.1:1/nowhere' };
  await expect(apply(stuck, plan)).rejects.toMatchObject({ exitCode: 7 });
  await password.pending.remove();
  await expect(apply(password, plan)).rejects.toMatchObject({ exitCode: 6, code: 'password-lost' });
});

test('a login that rotates itself goes on by the password that waits', async () => {
  const [own = ''] = await world.roles('self');
  const path = join(world.folder, `${own}.url`);
  const { host, pathname } = new URL(world.database.url);
  const template = `postgresql://{role}:{password}@${host}${pathname}`;
  const password = managedPassword({
    roles: [own],
    folder: world.folder,
    databaseUrl: world.database.url,
    adminUrl: () => readFile(path, 'utf8'),
    places: [filePlace(plainFile(path), template, [own])],
  });
  await writeFile(path, world.urlOf(own, 'old'));
  const plan = await planned(password);
  await apply(password, plan);
  expect(await world.canLogin(own, 'old')).toBe(false);
  expect(await world.canLogin(own, (await publishedLogin(password))?.password ?? '')).toBe(true);
});

test('a login that rotates itself is not locked out by a plan that was given up', async () => {
  const [own = ''] = await world.roles('self');
  const path = join(world.folder, `${own}.url`);
  const password = managedPassword({
    roles: [own],
    folder: world.folder,
    databaseUrl: world.database.url,
    adminUrl: () => readFile(path, 'utf8'),
  });
  await writeFile(path, world.urlOf(own, 'old'));
  const plan = await planned(password);
  const broken: Place = { description: 'broken', publish: () => Promise.reject(failure('no')) };
  await expect(apply({ ...password, places: [broken] }, plan)).rejects.toMatchObject({ exitCode: 7 });
  expect(await world.canLogin(own, 'old')).toBe(false);
  await cancelPlan(world.context(password), plan.id, { reason: 'test', whenStarted: 'abandon' });
  await apply(password, await planned(password));
  const found = await publishedLogin(password);
  expect(await world.canLogin(own, found?.password ?? '')).toBe(true);
  expect(await password.pending.read()).toBeUndefined();
});

test('a password that others know is never put back', async () => {
  const password = await managed(['only']);
  const [only = ''] = password.roles;
  const elsewhere = { ...password, loginUrl: 'postgresql://127.0.0.1:1/nowhere' };
  const context = world.context(elsewhere);
  const { plan } = await planRotation(context, password.name, { reason: 'compromised', sessions: 'leave' });
  await savePlan(context, plan);
  await expect(apply(elsewhere, plan)).rejects.toMatchObject({ exitCode: 7, code: 'plan-partial' });
  expect(await world.canLogin(only, 'old')).toBe(false);
  await apply(password, plan);
  expect(await world.canLogin(only, (await publishedLogin(password))?.password ?? '')).toBe(true);
});

test('the only login of the state database is refused', async () => {
  const password = await managed(['state']);
  const context = world.context(password, {
    stateLogin: () =>
      Promise.resolve({ role: password.roles[0] ?? '', server: new URL(world.database.url).host }),
  });
  await expect(
    planRotation(context, password.name, { reason: 'routine', sessions: 'leave' }),
  ).rejects.toMatchObject({
    exitCode: 6,
    code: 'password-own-state',
  });
});

test('which of two roles is in use is told by a file, a session or a person, and never guessed', async () => {
  const roles = await world.roles('a', 'b');
  const [, b = ''] = roles;
  const password = managedPassword({ roles, folder: world.folder, databaseUrl: world.database.url });
  const plan = () =>
    planRotation(world.context(password), password.name, { reason: 'routine', sessions: 'leave' });
  await expect(plan()).rejects.toMatchObject({
    code: 'password-in-use-unknown',
    hints: [expect.stringContaining('--in-use')],
  });
  const client = await connect({ url: world.urlOf(b, 'old'), role: 'test' });
  await expect(plan()).resolves.toMatchObject({ before: b });
  await client.end();
  await password.places[0]?.publish({ role: b, password: 'old', verifier: '', planId: '' });
  await expect(plan()).resolves.toMatchObject({ before: b });
});
