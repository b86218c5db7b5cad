import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAudit } from '../../src/lib/audit/read.ts';
import { verifyAudit } from '../../src/lib/audit/verify.ts';
import { type Client, connect, openPool, type Pool } from '../../src/lib/base/postgres.ts';
import { generateKeyPair, type KeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { approvePlan, signPlan } from '../../src/lib/operation/approval.ts';
import { cancelPlan } from '../../src/lib/operation/cancel.ts';
import { listCertificates, loadCertificate } from '../../src/lib/operation/certificate-store.ts';
import { enrollFirst, operatorEnroll, planEnrolment } from '../../src/lib/operation/operator-enroll.ts';
import { readOperatorKey } from '../../src/lib/operation/operator-key.ts';
import { operatorRevoke, planRevocation } from '../../src/lib/operation/operator-revoke.ts';
import { listPlans, savePlan } from '../../src/lib/operation/plan-store.ts';
import { showPlan } from '../../src/lib/operation/show.ts';
import { migrateState } from '../../src/lib/state/migrate.ts';
import { requireCurrentState } from '../../src/lib/state/status.ts';
import { signedBy, testContext, testSigner } from '../support/operation.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const role = `postern_runtime_${process.pid}`;
let database: TestDatabase;
let owner: Client;
let pool: Pool;

beforeAll(async () => {
  database = await testDatabase();
  owner = await connect({ url: database.url, role: 'state database' });
  await owner.query(`create role ${role} login password 'runtime'`);
  await migrateState(owner, { grantTo: role });
  const url = new URL(database.url);
  url.username = role;
  url.password = 'runtime';
  pool = await openPool({ url: url.toString(), role: 'state database' });
});
afterAll(async () => {
  await pool.end();
  await owner.query(`drop owned by ${role}; drop role ${role}`);
  await owner.end();
  await database.drop();
});

test('the privileges of the run-time role are enough for the whole life of operators, plans and certificates', async () => {
  await requireCurrentState(pool);
  const [alice, bob] = (await Promise.all(
    ['Alice', 'Bob'].map((name) => generateKeyPair({ name, email: 'x@example.org', purpose: 'sign' })),
  )) as [KeyPair, KeyPair];
  const plain = testContext({ pool }, { certificateSigner: testSigner().certificateSigner });
  const now = new Date();
  await enrollFirst(plain, { key: await readOperatorKey(alice.publicKey, now), name: 'Alice' });
  const enrolment = await planEnrolment(plain, {
    key: await readOperatorKey(bob.publicKey, now),
    name: 'Bob',
  });
  await savePlan(plain, enrolment);
  await applyPlan(plain, operatorEnroll, enrolment.id);

  const actor = { ...plain.actor, fingerprint: alice.fingerprint };
  const strict = { ...plain, actor, approvalsFor: () => 1 };
  const request = { fingerprint: bob.fingerprint, reason: 'left', kinds: [], lockout: 'refuse' } as const;
  const revocation = await planRevocation(strict, request);
  await savePlan(strict, revocation);
  await signPlan(strict, revocation.id, await signedBy(revocation, { ...alice, name: 'Alice' }));
  await approvePlan(strict, revocation.id, await signedBy(revocation, { ...bob, name: 'Bob' }));
  expect((await showPlan(pool, revocation.id)).signatures).toHaveLength(2);
  await applyPlan(strict, operatorRevoke, revocation.id);
  await expect(loadCertificate(pool, revocation.id)).resolves.toContain('application/vnd.in-toto+json');

  const again = await planEnrolment(plain, { key: await readOperatorKey(bob.publicKey, now), name: 'Bob' });
  await savePlan(plain, again);
  expect(await listPlans(pool, { now: new Date() })).toHaveLength(1);
  await cancelPlan(plain, again.id, { reason: 'no', whenStarted: 'refuse' });
  expect(await listCertificates(pool)).toHaveLength(1);
  expect((await readAudit(pool, { plan: revocation.id })).length).toBe(8);
  expect((await verifyAudit(pool)).findings).toEqual([]);
});
