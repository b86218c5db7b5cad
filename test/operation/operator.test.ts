import { afterEach, beforeEach, expect, test } from 'vitest';
import { readAudit } from '../../src/lib/audit/read.ts';
import { generateKeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { approvePlan, signPlan } from '../../src/lib/operation/approval.ts';
import { verifyCertificate } from '../../src/lib/operation/certificate.ts';
import { loadCertificate } from '../../src/lib/operation/certificate-store.ts';
import type { OperationContext } from '../../src/lib/operation/context.ts';
import { appendJournal } from '../../src/lib/operation/journal.ts';
import { enrollFirst, operatorEnroll, planEnrolment } from '../../src/lib/operation/operator-enroll.ts';
import { type OperatorKey, readOperatorKey } from '../../src/lib/operation/operator-key.ts';
import { operatorRevoke, planRevocation } from '../../src/lib/operation/operator-revoke.ts';
import { isActive, listOperators } from '../../src/lib/operation/operator-store.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import {
  signedBy,
  type TestState,
  testContext,
  testOperator,
  testSigner,
  testState,
} from '../support/operation.ts';

let state: TestState;
let context: OperationContext;
const signer = testSigner();
const kinds = ['operator.revoke', 'operator.enroll'];

beforeEach(async () => {
  state = await testState();
  context = testContext(state, { certificateSigner: signer.certificateSigner });
});
afterEach(() => state.close());

async function newKey(name: string): Promise<OperatorKey> {
  const { publicKey } = await generateKeyPair({ name, email: 'x@example.org', purpose: 'sign' });
  return readOperatorKey(publicKey, new Date());
}

async function active(): Promise<readonly string[]> {
  return (await listOperators(state.pool)).filter(isActive).map(({ name }) => name);
}

async function revoke(fingerprint: string, own: OperationContext = context): Promise<string> {
  const plan = await planRevocation(own, { fingerprint, reason: 'left', kinds, lockout: 'refuse' });
  await savePlan(own, plan);
  await applyPlan(own, operatorRevoke, plan.id);
  return plan.id;
}

test('the first operator is enrolled at once, and only the first, even after a revocation', async () => {
  const alice = await newKey('Alice');
  expect(await enrollFirst(context, { key: alice, name: 'Alice' })).toBe(true);
  expect(await enrollFirst(context, { key: await newKey('Eve'), name: 'Eve' })).toBe(false);
  await revoke(alice.fingerprint);
  expect(await enrollFirst(context, { key: await newKey('Eve'), name: 'Eve' })).toBe(false);
  expect(await active()).toEqual([]);
  const rows = await readAudit(state.pool, { action: 'operator.enroll' });
  expect(rows.map(({ body }) => `${body?.event} ${body?.target}`)).toEqual([
    `intent ${alice.fingerprint}`,
    `done ${alice.fingerprint}`,
  ]);
});

test('of two first operators at once, one is enrolled', async () => {
  const keys = await Promise.all([newKey('Alice'), newKey('Eve')]);
  const outcomes = await Promise.allSettled(keys.map((key) => enrollFirst(context, { key, name: 'first' })));
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value)).toHaveLength(1);
  expect(await active()).toHaveLength(1);
});

test('a later operator is enrolled by a plan, whose inverse is the revocation', async () => {
  await testOperator(state, 'Alice');
  const bob = await newKey('Bob');
  const plan = await planEnrolment(context, { key: bob, name: 'Bob' });
  expect(plan.body.steps[0]?.inverse).toMatchObject({ kind: 'revoke' });
  await savePlan(context, plan);
  await applyPlan(context, operatorEnroll, plan.id);
  expect(await active()).toEqual(['Alice', 'Bob']);
  await expect(planEnrolment(context, { key: bob, name: 'Bob' })).rejects.toMatchObject({
    exitCode: 2,
    code: 'operator-enrolled',
  });
});

test('where enrolment needs approval, nobody can enrol a second key and approve with it', async () => {
  const alice = await testOperator(state, 'Alice');
  const strict = {
    ...context,
    approvalsFor: () => 1,
    actor: { ...context.actor, fingerprint: alice.fingerprint },
  };
  const second = await generateKeyPair({ name: 'Alice again', email: 'x@example.org', purpose: 'sign' });
  const key = await readOperatorKey(second.publicKey, new Date());
  const plan = await planEnrolment(strict, { key, name: 'Alice again' });
  await savePlan(strict, plan);
  await signPlan(strict, plan.id, await signedBy(plan, alice));
  await expect(
    approvePlan(strict, plan.id, await signedBy(plan, { ...second, name: 'Alice again' })),
  ).rejects.toMatchObject({ code: 'operator-unknown' });
  await expect(applyPlan(strict, operatorEnroll, plan.id)).rejects.toMatchObject({ code: 'plan-unapproved' });
  expect(await active()).toEqual(['Alice']);
});

test('a revocation is certified, closes the operator, and a plan made before it is stale', async () => {
  const alice = await testOperator(state, 'Alice');
  const bob = await testOperator(state, 'Bob');
  const request = { reason: 'left', kinds, lockout: 'refuse' } as const;
  const stale = await planRevocation(context, { ...request, fingerprint: alice.fingerprint });
  await savePlan(context, stale);
  const planId = await revoke(bob.fingerprint.slice(-16).toLowerCase());
  expect(await active()).toEqual(['Alice']);
  const certificate = verifyCertificate(await loadCertificate(state.pool, planId), [signer.publicKey]);
  expect(certificate.statement).toMatchObject({
    subject: [{ name: 'plan' }, { name: 'operator', digest: { sha1: bob.fingerprint.toLowerCase() } }],
    predicate: { fingerprint: bob.fingerprint, reason: 'left', activeOperators: 1 },
  });
  await expect(applyPlan(context, operatorRevoke, stale.id)).rejects.toMatchObject({ code: 'plan-stale' });
  await expect(planRevocation(context, { ...request, fingerprint: bob.fingerprint })).rejects.toMatchObject({
    exitCode: 6,
    code: 'operator-revoked',
  });
  await expect(planRevocation(context, { ...request, fingerprint: 'F'.repeat(40) })).rejects.toMatchObject({
    exitCode: 2,
    code: 'operator-missing',
  });
  await expect(planRevocation(context, { ...request, fingerprint: '' })).rejects.toMatchObject({
    exitCode: 2,
  });
});

test('a revocation after which nobody could approve is refused, unless the plan says so', async () => {
  const alice = await testOperator(state, 'Alice');
  await testOperator(state, 'Bob');
  const strict = { ...context, approvalsFor: (kind: string) => (kind === 'operator.enroll' ? 1 : 0) };
  const request = { fingerprint: alice.fingerprint, reason: 'left', kinds };
  await expect(planRevocation(strict, { ...request, lockout: 'refuse' })).rejects.toMatchObject({
    exitCode: 6,
    code: 'operator-lockout',
  });
  const forced = await planRevocation(strict, { ...request, lockout: 'accept' });
  expect(forced.body.inputs).toMatchObject({ locksOut: true });
  expect(forced.body.steps[0]?.summary).toContain('nobody can approve');
  await testOperator(state, 'Carol');
  const plan = await planRevocation(strict, { ...request, lockout: 'refuse' });
  expect(plan.body.inputs).toMatchObject({ locksOut: false });
});

test('a plan that revokes its own approver can be finished after a crash', async () => {
  const alice = await testOperator(state, 'Alice');
  const bob = await testOperator(state, 'Bob');
  const strict = {
    ...context,
    approvalsFor: () => 1,
    actor: { ...context.actor, fingerprint: alice.fingerprint },
  };
  const plan = await planRevocation(strict, {
    fingerprint: bob.fingerprint,
    reason: 'x',
    kinds,
    lockout: 'accept',
  });
  await savePlan(strict, plan);
  await signPlan(strict, plan.id, await signedBy(plan, alice));
  await approvePlan(strict, plan.id, await signedBy(plan, bob));
  // As a run leaves it that was killed between the step's effect and its journal entry.
  await appendJournal(state.pool, plan.id, { event: 'started' });
  await appendJournal(state.pool, plan.id, { event: 'intent', step: 0 });
  await operatorRevoke.applyStep(strict, plan, 0, {
    lastCheckpoint: undefined,
    checkpoint: () => Promise.resolve(),
  });
  await expect(applyPlan(strict, operatorRevoke, plan.id)).resolves.toMatchObject({ resumedAfter: 0 });
  expect(await active()).toEqual(['Alice']);
});

test('a secret key, several keys, no key, an expired and an encryption-only key are not enrolled', async () => {
  const pair = await generateKeyPair({ name: 'A', email: 'a@example.org', purpose: 'sign' });
  const other = await generateKeyPair({ name: 'B', email: 'b@example.org', purpose: 'sign' });
  const now = new Date();
  await expect(readOperatorKey(pair.secretKey, now)).rejects.toMatchObject({
    exitCode: 2,
    code: 'operator-key-secret',
  });
  await expect(readOperatorKey(`${pair.publicKey}\n${other.publicKey}`, now)).rejects.toMatchObject({
    code: 'operator-key-unreadable',
  });
  await expect(readOperatorKey('hello', now)).rejects.toMatchObject({ code: 'operator-key-unreadable' });
  const short = await generateKeyPair({
    name: 'C',
    email: 'c@example.org',
    purpose: 'sign',
    expiresInDays: 1,
  });
  await expect(readOperatorKey(short.publicKey, now)).resolves.toMatchObject({ expires: expect.any(Date) });
  await expect(
    readOperatorKey(short.publicKey, new Date(now.getTime() + 2 * 86_400_000)),
  ).rejects.toMatchObject({
    exitCode: 6,
    code: 'operator-key-unusable',
  });
  const { publicKey: revoked } = await revokedKey(pair.publicKey, pair.revocationCertificate);
  await expect(readOperatorKey(revoked, now)).rejects.toMatchObject({
    exitCode: 6,
    code: 'operator-key-unusable',
  });
});

async function revokedKey(
  armoredKey: string,
  revocationCertificate: string,
): Promise<{ readonly publicKey: string }> {
  const { readKey, revokeKey } = await import('openpgp');
  const { publicKey } = await revokeKey({
    key: await readKey({ armoredKey }),
    revocationCertificate,
    format: 'armored',
  });
  return { publicKey };
}
