import { afterAll, beforeAll, expect, test } from 'vitest';
import { currentActor } from '../../src/lib/audit/actor.ts';
import { openPool } from '../../src/lib/base/postgres.ts';
import { generateKeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { approvePlan, signPlan } from '../../src/lib/operation/approval.ts';
import { verifyCertificate } from '../../src/lib/operation/certificate.ts';
import { loadCertificate } from '../../src/lib/operation/certificate-store.ts';
import { readOperatorKey } from '../../src/lib/operation/operator-key.ts';
import { markRevoked, storeOperator } from '../../src/lib/operation/operator-store.ts';
import type { Plan } from '../../src/lib/operation/plan.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import {
  clockAt,
  signedBy,
  signText,
  type TestOperator,
  type TestState,
  testContext,
  testOperator,
  testSigner,
  testState,
} from '../support/operation.ts';
import { testDatabase } from '../support/postgres.ts';
import { createToyTables, type ToyContext, toyKind, toyPlan } from '../support/toy-kind.ts';

const day = 86_400_000;
let state: TestState;
let author: TestOperator;
let bob: TestOperator;
let carol: TestOperator;
/** The author's, in a profile that asks for one approval. */
let context: ToyContext;
const signer = testSigner();
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  state = await testState();
  const database = await testDatabase();
  const effects = await openPool({ url: database.url, role: 'effects database' });
  await createToyTables(effects);
  author = await testOperator(state, 'Alice');
  bob = await testOperator(state, 'Bob');
  carol = await testOperator(state, 'Carol');
  const actor = currentActor({ fingerprint: author.fingerprint });
  const own = { actor, approvalsFor: () => 1, certificateSigner: signer.certificateSigner };
  context = { ...testContext(state, own), effects };
  closers.push(
    () => effects.end(),
    () => database.drop(),
    () => state.close(),
  );
});
afterAll(async () => {
  for (const close of closers) await close();
});

async function saved(note: string, own: ToyContext = context): Promise<Plan> {
  const plan = await toyPlan(own, { note });
  await savePlan(own, plan);
  return plan;
}

/** A plan that its author has signed. */
async function signed(note: string): Promise<Plan> {
  const plan = await saved(note);
  await signPlan(context, plan.id, await signedBy(plan, author));
  return plan;
}

async function insertApproval(
  plan: Plan,
  fingerprint: string,
  signature: string,
  role = 'approver',
): Promise<void> {
  await state.pool.query(
    'insert into postern.plan_approval (plan_id, role, fingerprint, signature, signed_at) values ($1, $2, $3, $4, now())',
    [plan.id, role, fingerprint, signature],
  );
}

test('a plan that its author signed and another operator approved is applied, and the certificate names both', async () => {
  const plan = await signed('good');
  await expect(applyPlan(context, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-unapproved',
  });
  expect((await approvePlan(context, plan.id, await signedBy(plan, bob))).operator.name).toBe('Bob');
  await applyPlan(context, toyKind, plan.id);
  const certificate = verifyCertificate(await loadCertificate(state.pool, plan.id), [signer.publicKey]);
  expect(certificate.statement.predicate['plan']).toMatchObject({
    author: { fingerprint: author.fingerprint },
    approvals: [{ fingerprint: bob.fingerprint, name: 'Bob' }],
  });
});

test('authorship cannot be claimed: without the author’s own signature an approved plan is refused', async () => {
  const plan = await saved('claimed');
  await approvePlan(context, plan.id, await signedBy(plan, bob));
  await expect(applyPlan(context, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-unsigned',
  });
});

test('a plan whose author has no key cannot be approved into being', async () => {
  const anonymous = { ...context, actor: currentActor() };
  const plan = await saved('anonymous', anonymous);
  await approvePlan(anonymous, plan.id, await signedBy(plan, bob));
  const refusal = applyPlan(anonymous, toyKind, plan.id);
  await expect(refusal).rejects.toMatchObject({ code: 'plan-unsigned' });
  await expect(refusal).rejects.toMatchObject({ hints: [expect.stringContaining('operator.fingerprint')] });
});

test('the author cannot approve, and nobody else can sign as the author', async () => {
  const plan = await saved('own approval');
  await expect(approvePlan(context, plan.id, await signedBy(plan, author))).rejects.toMatchObject({
    exitCode: 6,
    code: 'approver-is-author',
  });
  await expect(signPlan(context, plan.id, await signedBy(plan, bob))).rejects.toMatchObject({
    exitCode: 6,
    code: 'signer-not-author',
  });
});

test('the author’s signature smuggled in as an approval does not count', async () => {
  const plan = await signed('smuggled');
  await insertApproval(plan, author.fingerprint, await signedBy(plan, author));
  const refusal = applyPlan(context, toyKind, plan.id);
  await expect(refusal).rejects.toMatchObject({ exitCode: 6, code: 'plan-unapproved' });
  await expect(refusal).rejects.toMatchObject({ hints: expect.arrayContaining(['Alice is the author']) });
});

test('two approvals by one operator count as one', async () => {
  const two = { ...context, approvalsFor: () => 2 };
  const plan = await signed('twice by Bob');
  await approvePlan(two, plan.id, await signedBy(plan, bob));
  await approvePlan(two, plan.id, await signedBy(plan, bob));
  await expect(applyPlan(two, toyKind, plan.id)).rejects.toThrow('1 of 2 approvals');
  await approvePlan(two, plan.id, await signedBy(plan, carol));
  await expect(applyPlan(two, toyKind, plan.id)).resolves.toBeDefined();
});

test('a signature over anything but the plan’s text is an integrity error', async () => {
  const plan = await saved('other text');
  const other = await saved('another plan');
  await expect(approvePlan(context, plan.id, await signedBy(other, bob))).rejects.toMatchObject({
    exitCode: 5,
  });
  await expect(approvePlan(context, plan.id, await signText(`${plan.text}\n`, bob))).rejects.toMatchObject({
    exitCode: 5,
  });
  await expect(approvePlan(context, plan.id, 'not a signature')).rejects.toMatchObject({ exitCode: 5 });
});

test('a stranger’s signature is refused, with the way to enrol', async () => {
  const plan = await saved('stranger');
  const pair = await generateKeyPair({ name: 'Eve', email: 'eve@example.org', purpose: 'sign' });
  const refusal = approvePlan(context, plan.id, await signedBy(plan, { ...pair, name: 'Eve' }));
  await expect(refusal).rejects.toMatchObject({ exitCode: 6, code: 'operator-unknown' });
});

test('an approval swapped in the database for another plan’s, or another operator’s, is an integrity error', async () => {
  const plan = await signed('swapped');
  const other = await signed('swapped from');
  await insertApproval(plan, bob.fingerprint, await signedBy(other, bob));
  await expect(applyPlan(context, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 5,
    code: 'approval-tampered',
  });
  await insertApproval(other, bob.fingerprint, await signedBy(other, carol));
  await expect(applyPlan(context, toyKind, other.id)).rejects.toMatchObject({
    exitCode: 5,
    code: 'approval-tampered',
  });
});

test('a revoked operator cannot approve, and an approval from before the revocation no longer counts', async () => {
  const dave = await testOperator(state, 'Dave');
  const plan = await signed('Dave');
  await approvePlan(context, plan.id, await signedBy(plan, dave));
  await markRevoked(state.pool, dave.fingerprint, 'left');
  await expect(approvePlan(context, plan.id, await signedBy(plan, dave))).rejects.toMatchObject({
    exitCode: 6,
    code: 'operator-revoked',
  });
  const refusal = applyPlan(context, toyKind, plan.id);
  await expect(refusal).rejects.toMatchObject({ exitCode: 6, code: 'plan-unapproved' });
  await expect(refusal).rejects.toMatchObject({
    hints: [expect.stringContaining('Dave was revoked'), expect.anything()],
  });
  // Enrolled again, Dave must look at the plan again.
  await storeOperator(state.pool, await readOperatorKey(dave.publicKey, new Date()), 'Dave');
  await expect(applyPlan(context, toyKind, plan.id)).rejects.toMatchObject({ code: 'plan-unapproved' });
  await approvePlan(context, plan.id, await signedBy(plan, dave));
  await expect(applyPlan(context, toyKind, plan.id)).resolves.toBeDefined();
});

test('a key that has expired neither approves nor counts, though its signature is dated before', async () => {
  const erin = await testOperator(state, 'Erin', { expiresInDays: 1 });
  const plan = await signed('Erin');
  const late = { ...context, clock: clockAt(2 * day) };
  const signature = await signedBy(plan, erin);
  await expect(approvePlan(late, plan.id, signature)).rejects.toMatchObject({
    exitCode: 6,
    code: 'operator-key-unusable',
  });
  await approvePlan(context, plan.id, signature);
  await expect(applyPlan(late, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-unapproved',
  });
  await expect(applyPlan(context, toyKind, plan.id)).resolves.toBeDefined();
});

test('a signature dated before the plan, or in the future, is refused', async () => {
  const frank = await testOperator(state, 'Frank', { now: new Date(Date.now() - 30 * day) });
  const plan = await signed('dates');
  const old = await signedBy(plan, frank, new Date(Date.now() - day));
  await expect(approvePlan(context, plan.id, old)).rejects.toMatchObject({
    exitCode: 6,
    code: 'signature-too-old',
  });
  const future = await signedBy(plan, frank, new Date(Date.now() + day / 2));
  await expect(approvePlan(context, plan.id, future)).rejects.toMatchObject({
    exitCode: 6,
    code: 'signature-from-the-future',
  });
  const slow = await signedBy(plan, frank, new Date(Date.now() - 60_000));
  await expect(approvePlan(context, plan.id, slow)).resolves.toBeDefined();
});

test('a closed or expired plan takes no approval', async () => {
  const plan = await signed('closed');
  await approvePlan(context, plan.id, await signedBy(plan, bob));
  await applyPlan(context, toyKind, plan.id);
  await expect(approvePlan(context, plan.id, await signedBy(plan, carol))).rejects.toMatchObject({
    code: 'plan-applied',
  });
  const expired = await signed('expired');
  const late = { ...context, clock: clockAt(8 * day) };
  await expect(approvePlan(late, expired.id, await signedBy(expired, bob))).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-expired',
  });
});

test('an operator’s key exchanged in the database is an integrity error', async () => {
  const grace = await testOperator(state, 'Grace');
  const plan = await signed('exchanged');
  await approvePlan(context, plan.id, await signedBy(plan, grace));
  const eve = await generateKeyPair({ name: 'Eve', email: 'eve@example.org', purpose: 'sign' });
  await state.pool.query('update postern.operator set public_key = $1 where fingerprint = $2', [
    eve.publicKey,
    grace.fingerprint,
  ]);
  await expect(applyPlan(context, toyKind, plan.id)).rejects.toMatchObject({ exitCode: 5 });
  const byEve = await signedBy(plan, { ...eve, name: 'Eve' });
  await expect(approvePlan(context, plan.id, byEve)).rejects.toMatchObject({
    exitCode: 5,
    code: 'operator-tampered',
  });
  await insertApproval(plan, grace.fingerprint, byEve);
  await expect(applyPlan(context, toyKind, plan.id)).rejects.toMatchObject({ exitCode: 5 });
  await markRevoked(state.pool, grace.fingerprint, 'cleaned up');
});

test('a plan that has begun takes further approvals, and keeps those of operators who were revoked since', async () => {
  const henry = await testOperator(state, 'Henry');
  const plan = await signed('begun');
  await approvePlan(context, plan.id, await signedBy(plan, henry));
  const failing: ToyContext = {
    ...context,
    at: (_, step) => {
      if (step === 1) throw new Error('stop');
    },
  };
  await expect(applyPlan(failing, toyKind, plan.id)).rejects.toMatchObject({ exitCode: 7 });
  await markRevoked(state.pool, henry.fingerprint, 'left');
  const later = { ...context, clock: clockAt(3_600_000), approvalsFor: () => 2 };
  await expect(applyPlan(later, toyKind, plan.id)).rejects.toThrow('1 of 2 approvals');
  await approvePlan(later, plan.id, await signedBy(plan, bob, later.clock.now()));
  await expect(applyPlan(later, toyKind, plan.id)).resolves.toMatchObject({ resumedAfter: 1 });
});

test('a profile that asks for less cannot apply a plan that was made to be approved', async () => {
  const plan = await signed('lowered');
  const lowered = { ...context, approvalsFor: () => 0 };
  await expect(applyPlan(lowered, toyKind, plan.id)).rejects.toMatchObject({
    exitCode: 6,
    code: 'plan-unapproved',
  });
});
