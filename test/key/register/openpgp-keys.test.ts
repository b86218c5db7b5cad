import { afterAll, beforeAll, expect, test } from 'vitest';
import { usageError } from '../../../src/lib/base/error.ts';
import { generateKeyPair, type KeyPair } from '../../../src/lib/crypto/openpgp-key.ts';
import { describeKey } from '../../../src/lib/crypto/openpgp-key-description.ts';
import type { KeyFile, OpenableSet } from '../../../src/lib/key/register/context.ts';
import { type TestState, testState } from '../../support/operation.ts';
import { codesOf, day, inDays, listKeys } from './support.ts';

let state: TestState;
let operations: KeyPair;
let offline: KeyPair;
let signer: KeyPair;
beforeAll(async () => {
  state = await testState();
  const make = (name: string, purpose: 'encrypt' | 'sign', expiresInDays?: number) =>
    generateKeyPair({
      name,
      email: 'a@example.org',
      purpose,
      ...(expiresInDays === undefined ? {} : { expiresInDays }),
    });
  [operations, offline, signer] = [
    await make('operations', 'encrypt'),
    await make('offline', 'encrypt', 100),
    await make('signer', 'sign', 400),
  ];
});
afterAll(() => state?.close());

const file = (name: string, text: string, usedFor = 'opens new backup sets'): KeyFile => ({
  file: name,
  usedFor,
  read: () => Promise.resolve(text),
});
const recipients = () => [file('a.asc', operations.publicKey), file('b.asc', offline.publicKey)];

test('recipients end with their cryptoperiod, or with the key where that is earlier', async () => {
  const { keys } = await listKeys({ recipients: recipients() });
  expect(keys).toMatchObject([
    { kind: 'openpgp-recipient', name: 'operations <a@example.org>', state: 'valid', verdict: 'fine' },
    { kind: 'openpgp-recipient', name: 'offline <a@example.org>', state: 'valid', verdict: 'fine' },
  ]);
  const [first, second] = keys.map(({ ends }) => Math.round((Date.parse(ends ?? '') - Date.now()) / day));
  expect([first, second]).toEqual([730, 100]);
  const late = await listKeys({ recipients: recipients(), clock: inDays(101) });
  expect(late.keys).toMatchObject([
    { state: 'valid', verdict: 'fine' },
    { state: 'expired', verdict: 'overdue' },
  ]);
  expect((await listKeys({ recipients: recipients(), clock: inDays(80) })).keys[1]).toMatchObject({
    verdict: 'due',
  });
});

test('a signer is one row for all its uses, and one that cannot sign any more is overdue', async () => {
  const signers = [
    file('s.asc', signer.secretKey, 'signs backup sets'),
    file('o.asc', signer.secretKey, 'signs plans and approvals'),
  ];
  const { keys } = await listKeys({ signers });
  expect(keys).toMatchObject([
    {
      kind: 'openpgp-signer',
      state: 'valid',
      verdict: 'fine',
      usedFor: ['signs backup sets', 'signs plans and approvals'],
    },
  ]);
  const late = (await listKeys({ signers, clock: inDays(401) })).keys[0];
  expect(late).toMatchObject({ state: 'expired', verdict: 'overdue' });
});

test('a key file that is no key or cannot be read is told, and the others are listed', async () => {
  const missing: KeyFile = {
    ...file('gone.asc', ''),
    read: () => Promise.reject(usageError('gone.asc cannot be read', { code: 'file-unreadable' })),
  };
  const { keys, unasked } = await listKeys({ recipients: [missing, file('text', 'hello'), ...recipients()] });
  expect(keys).toHaveLength(2);
  expect(unasked.map(({ source }) => source)).toEqual(['the key file gone.asc', 'the key file text']);
});

test('a recipient is needed by the sets that no other one opens, until the last of their locks ends', async () => {
  const { encryptionKeys } = await describeKey(operations.publicKey, new Date());
  const { encryptionKeys: others } = await describeKey(offline.publicKey, new Date());
  const own = encryptionKeys.map(({ keyId }) => keyId);
  const sets = ['one', 'two', 'both'].map((setId, index) => ({
    setId,
    startedAt: new Date(Date.now() - (9 - index) * day).toISOString(),
    lockedUntil: index === 0 ? '2027-01-01T00:00:00.000Z' : null,
  }));
  const opens = (setId: string, ids: readonly string[]): OpenableSet => ({
    setId,
    keyIds: new Set(ids),
    problem: null,
  });
  const access = [
    opens('one', own),
    opens('two', own),
    opens('both', [...own, ...others.map(({ keyId }) => keyId)]),
  ];
  const profile = {
    recipients: recipients(),
    state: () => Promise.resolve(state.pool),
    backups: { sets: () => Promise.resolve(sets), access: () => Promise.resolve(access) },
  };
  const { keys } = await listKeys(profile);
  expect(keys[0]?.needed).toEqual([
    { why: 'new backup sets are made for it', setId: null, until: null },
    { why: 'the only recipient that opens 2 backup sets', setId: 'two', until: '2027-01-01T00:00:00.000Z' },
  ]);
  expect(keys[1]?.needed).toHaveLength(1);
  const broken = [{ ...opens('one', []), problem: 'it was changed' }];
  const { unasked } = await listKeys({
    ...profile,
    backups: { ...profile.backups, access: () => Promise.resolve(broken) },
  });
  expect(unasked).toEqual([{ source: 'the backup set one', reason: 'it was changed' }]);
});

test('the key of certificates ages from the first one that it signed', async () => {
  const certificateSigner = { file: 'c.pem', keyId: () => Promise.resolve('ab'.repeat(32)) };
  const own = { certificateSigner, state: () => Promise.resolve(state.pool) };
  expect((await listKeys(own)).keys).toMatchObject([{ state: 'not used yet', verdict: 'fine', ends: null }]);
  const envelope = JSON.stringify({ signatures: [{ keyid: 'ab'.repeat(32), sig: '' }] });
  await state.pool.query(
    `insert into postern.certificate (id, predicate_type, envelope, created_at)
     values (repeat('0', 64), 'test', $1, now() - interval '1100 days')`,
    [envelope],
  );
  const [row] = (await listKeys(own)).keys;
  expect(row).toMatchObject({ state: 'active', verdict: 'overdue' });
  expect(row && codesOf(row)).toEqual(['key-overdue']);
});
