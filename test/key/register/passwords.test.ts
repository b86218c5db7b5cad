import { expect, test } from 'vitest';
import { type ManagedPassword, passwordRotation, planRotation } from '../../../src/lib/key/password/index.ts';
import type { RegisterContext } from '../../../src/lib/key/register/context.ts';
import { applyPlan } from '../../../src/lib/operation/apply.ts';
import { savePlan } from '../../../src/lib/operation/plan-store.ts';
import { managedPassword, passwordWorld } from '../../support/password-world.ts';
import { codesOf, day, inDays, listKeys } from './support.ts';

const world = passwordWorld();

async function rowOf(managed: ManagedPassword, clock: RegisterContext['clock'] = inDays(0)) {
  const { keys, unasked } = await listKeys({
    clock,
    passwords: { names: [managed.name], context: () => Promise.resolve(world.context(managed, { clock })) },
  });
  return { row: keys[0], unasked };
}

async function managedOf(own: Partial<ManagedPassword> = {}): Promise<ManagedPassword> {
  const roles = await world.roles('a', 'b');
  return managedPassword({ roles, folder: world.folder, databaseUrl: world.database.url, ...own });
}

test('a password ages from its last rotation: fine, then due, then overdue', async () => {
  const managed = await managedOf();
  const context = world.context(managed);
  const inUse = managed.roles[0] ?? '';
  const { plan } = await planRotation(context, managed.name, { reason: 'routine', sessions: 'leave', inUse });
  await savePlan(context, plan);
  await applyPlan(context, passwordRotation, plan.id);

  const { row, unasked } = await rowOf(managed);
  expect(unasked).toEqual([]);
  expect(row).toMatchObject({
    id: `password:${managed.name}`,
    state: 'in use',
    verdict: 'fine',
    usedFor: [`login of ${managed.roles[1]}`],
    cryptoperiodSeconds: 90 * 86_400,
    next: { action: 'rotate', from: row?.ends },
  });
  expect((await rowOf(managed, inDays(70))).row).toMatchObject({ verdict: 'due' });
  const late = (await rowOf(managed, inDays(91))).row;
  expect(late).toMatchObject({ verdict: 'overdue', keysOverdue: 1 });
  expect(late && codesOf(late)).toEqual(['key-overdue']);
});

test('a password that was never rotated is overdue, and one whose server cannot be asked is told as such', async () => {
  const fresh = (await rowOf(await managedOf())).row;
  expect(fresh).toMatchObject({
    verdict: 'overdue',
    ageSeconds: null,
    next: { action: 'rotate', from: null },
  });
  expect(fresh && codesOf(fresh)).toContain('never-rotated');
  const away = await managedOf({
    adminUrl: () => Promise.resolve('postgresql://nobody@127.0.0.1:1/none'),
    cryptoperiod: 30 * day,
  });
  const { row, unasked } = await rowOf(away);
  expect(unasked).toMatchObject([{ source: `the password ${away.name}` }]);
  expect(row && codesOf(row)).toContain('not-asked');
  expect(row).toMatchObject({ cryptoperiodSeconds: 30 * 86_400 });
});
