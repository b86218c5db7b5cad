import { readFile, stat } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { isVerifierOf } from '../../../src/lib/crypto/scram-verifier.ts';
import { type ManagedPassword, passwordRotation, planRotation } from '../../../src/lib/key/password/index.ts';
import { readVerifiers } from '../../../src/lib/key/password/inspect.ts';
import { applyPlan } from '../../../src/lib/operation/apply.ts';
import { readCertificate } from '../../../src/lib/operation/certificate.ts';
import { loadCertificate } from '../../../src/lib/operation/certificate-store.ts';
import type { Plan } from '../../../src/lib/operation/plan.ts';
import { savePlan } from '../../../src/lib/operation/plan-store.ts';
import { managedPassword, passwordWorld } from '../../support/password-world.ts';

const routine = { reason: 'routine', sessions: 'leave' } as const;

describe.each([15, 18] as const)('PostgreSQL %i', (major) => {
  const world = passwordWorld(major);

  async function pair(): Promise<ManagedPassword> {
    const roles = await world.roles('a', 'b');
    return managedPassword({ roles, folder: world.folder, databaseUrl: world.database.url });
  }

  async function rotate(managed: ManagedPassword, options = {}): Promise<Plan> {
    const context = world.context(managed);
    const { plan } = await planRotation(context, managed.name, { ...routine, ...options });
    await savePlan(context, plan);
    await applyPlan(context, passwordRotation, plan.id);
    return plan;
  }

  async function published(managed: ManagedPassword) {
    const found = await managed.places[0]?.published?.();
    if (found === undefined) throw new Error('nothing is published');
    return found;
  }

  test('two roles take turns, and the one before keeps its password until it is its turn', async () => {
    const managed = await pair();
    const [a = '', b = ''] = managed.roles;
    await rotate(managed, { inUse: a });
    const first = await published(managed);
    expect(first.role).toBe(b);
    expect(await world.canLogin(b, first.password)).toBe(true);
    expect(await world.canLogin(b, 'old')).toBe(false);
    expect(await world.canLogin(a, 'old')).toBe(true);
    expect(await stat(managed.pending.path).catch(() => undefined)).toBeUndefined();

    await rotate(managed);
    const second = await published(managed);
    expect(second.role).toBe(a);
    expect(await world.canLogin(a, second.password)).toBe(true);
    expect(await world.canLogin(a, 'old')).toBe(false);
    expect(await world.canLogin(b, first.password)).toBe(true);
  });

  test('the server gets the verifier of what is published, with its own number of iterations', async () => {
    const managed = await pair();
    await rotate(managed, { inUse: managed.roles[0] });
    const { role, password } = await published(managed);
    expect(password).toMatch(/^[\w-]{43}$/);
    const verifier = (await readVerifiers(world.client, [role]))?.get(role) ?? '';
    expect(verifier).toMatch(/^SCRAM-SHA-256\$4096:/);
    expect(isVerifierOf(verifier, password)).toBe(true);
  });

  test('the file is ours alone', async () => {
    const managed = await pair();
    await rotate(managed, { inUse: managed.roles[0] });
    const path = managed.pending.path.replace(/\.next$/, '');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toMatch(/^postgresql:\/\/\w+_b:[\w-]{43}@127\.0\.0\.1:\d+\/\w+$/);
  });

  test('the certificate says what was done, and neither it nor the plan nor the journal tells the password', async () => {
    const managed = await pair();
    const [a = '', b = ''] = managed.roles;
    const plan = await rotate(managed, { inUse: a });
    const { password } = await published(managed);
    const { statement } = readCertificate(await loadCertificate(world.state.pool, plan.id));
    expect(statement.predicateType).toBe('urn:postern:predicate:key-rotate-password:v1');
    expect(statement.predicate).toMatchObject({
      name: managed.name,
      reason: 'routine',
      before: a,
      after: b,
      passwords: [{ role: b }],
      provenLogins: 2,
      oldSessions: null,
    });
    const verifier = (await readVerifiers(world.client, [b]))?.get(b) ?? '';
    const { rows } = await world.state.pool.query(
      `select string_agg(j.detail::text, '') || string_agg(p.text, '') as all
       from postern.plan p join postern.plan_journal j on j.plan_id = p.id where p.id = $1`,
      [plan.id],
    );
    const everything = JSON.stringify([statement, rows]);
    expect(everything).toContain('verifierSha256');
    expect(everything).not.toContain(password);
    for (const key of verifier.split('$')[2]?.split(':') ?? ['']) expect(everything).not.toContain(key);
  });
});
