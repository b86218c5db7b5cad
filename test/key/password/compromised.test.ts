import { describe, expect, test } from 'vitest';
import { type Client, connect } from '../../../src/lib/base/postgres.ts';
import {
  type ManagedPassword,
  passwordRotation,
  planRotation,
  type RotateOptions,
} from '../../../src/lib/key/password/index.ts';
import { publishedLogin } from '../../../src/lib/key/password/place.ts';
import { applyPlan } from '../../../src/lib/operation/apply.ts';
import { readCertificate } from '../../../src/lib/operation/certificate.ts';
import { loadCertificate } from '../../../src/lib/operation/certificate-store.ts';
import { savePlan } from '../../../src/lib/operation/plan-store.ts';
import { managedPassword, passwordWorld } from '../../support/password-world.ts';

describe.each([15, 18] as const)('PostgreSQL %i', (major) => {
  const world = passwordWorld(major);

  async function managed(...suffixes: readonly string[]): Promise<ManagedPassword> {
    const roles = await world.roles(...suffixes);
    const made = managedPassword({ roles, folder: world.folder, databaseUrl: world.database.url });
    await made.places[0]?.publish({ role: roles[0] ?? '', password: 'old', verifier: '', planId: '' });
    return made;
  }

  async function rotate(password: ManagedPassword, sessions: RotateOptions['sessions']) {
    const context = world.context(password);
    const { plan } = await planRotation(context, password.name, { reason: 'compromised', sessions });
    await savePlan(context, plan);
    await applyPlan(context, passwordRotation, plan.id);
    return readCertificate(await loadCertificate(world.state.pool, plan.id)).statement.predicate;
  }

  const isAlive = (client: Client): Promise<boolean> =>
    client.query('select').then(
      () => true,
      () => false,
    );

  test('the old passwords of both roles open nothing, and their sessions are listed', async () => {
    const password = await managed('a', 'b');
    const [a = '', b = ''] = password.roles;
    const thief = await connect({ url: world.urlOf(a, 'old'), role: 'test' });
    const certified = await rotate(password, 'leave');
    expect(await world.canLogin(a, 'old')).toBe(false);
    expect(await world.canLogin(b, 'old')).toBe(false);
    const found = await publishedLogin(password);
    expect(await world.canLogin(b, found?.password ?? '')).toBe(true);
    expect(certified).toMatchObject({
      reason: 'compromised',
      passwords: [{ role: b }, { role: a }],
      oldSessions: { found: 1, ended: 0 },
    });
    expect(await isAlive(thief)).toBe(true);
    await thief.end();
  });

  test('sessions that began with an old password are ended when that is asked for, and no others', async () => {
    const password = await managed('a', 'b');
    const [a = ''] = password.roles;
    const [bystander = ''] = await world.roles('other');
    const thief = await connect({ url: world.urlOf(a, 'old'), role: 'test' });
    const other = await connect({ url: world.urlOf(bystander, 'old'), role: 'test' });
    expect(await rotate(password, 'end')).toMatchObject({ oldSessions: { found: 1, ended: 1 } });
    expect(await isAlive(thief)).toBe(false);
    expect(await isAlive(other)).toBe(true);
    await other.end();
  });

  test('a session that began with the new password lives on', async () => {
    const password = await managed('a', 'b');
    const context = world.context(password);
    const { plan } = await planRotation(context, password.name, { reason: 'compromised', sessions: 'end' });
    await savePlan(context, plan);
    let reader: Client | undefined;
    const kind: typeof passwordRotation = {
      ...passwordRotation,
      applyStep: async (own, of, index, journal) => {
        const result = await passwordRotation.applyStep(own, of, index, journal);
        if (of.body.steps[index]?.kind === 'verify') {
          const found = await publishedLogin(password);
          reader = await connect({ url: found?.url ?? '', role: 'test' });
        }
        return result;
      },
    };
    await applyPlan(context, kind, plan.id);
    expect(reader !== undefined && (await isAlive(reader))).toBe(true);
    await reader?.end();
  });

  test('a single role loses its old password and its old sessions', async () => {
    const password = await managed('only');
    const [only = ''] = password.roles;
    const thief = await connect({ url: world.urlOf(only, 'old'), role: 'test' });
    expect(await rotate(password, 'end')).toMatchObject({
      passwords: [{ role: only }],
      oldSessions: { found: 1, ended: 1 },
    });
    expect(await isAlive(thief)).toBe(false);
    expect(await world.canLogin(only, 'old')).toBe(false);
  });

  test('a login that may not end sessions is told so before anything is done', async () => {
    const password = await managed('a', 'b');
    const [admin = ''] = await world.roles('admin');
    await world.client.query(`alter role "${admin}" createrole`);
    if (major >= 16)
      await world.client.query(
        `grant "${password.roles.join('", "')}" to "${admin}" with admin option, inherit false, set false`,
      );
    const weak = { ...password, adminUrl: () => Promise.resolve(world.urlOf(admin, 'old')) };
    const plan = () =>
      planRotation(world.context(weak), weak.name, { reason: 'compromised', sessions: 'end' });
    await expect(plan()).rejects.toMatchObject({ exitCode: 6, code: 'password-sessions' });
    await world.client.query(`grant pg_signal_backend to "${admin}"`);
    await expect(plan()).resolves.toMatchObject({ findings: [] });
    expect(await rotate(weak, 'end')).toMatchObject({ provenLogins: 3 });
  });
});
