import { generateKeyPairSync } from 'node:crypto';
import { currentActor } from '../../src/lib/audit/actor.ts';
import { type Clock, systemClock } from '../../src/lib/base/clock.ts';
import { openPool, type Pool, withConnection } from '../../src/lib/base/postgres.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { ed25519Signer } from '../../src/lib/crypto/dsse.ts';
import { generateKeyPair, type KeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { signDetached } from '../../src/lib/crypto/openpgp-signature.ts';
import type { OperationContext } from '../../src/lib/operation/context.ts';
import { readOperatorKey } from '../../src/lib/operation/operator-key.ts';
import { storeOperator } from '../../src/lib/operation/operator-store.ts';
import type { Plan } from '../../src/lib/operation/plan.ts';
import { migrateState } from '../../src/lib/state/migrate.ts';
import { type TestDatabase, testDatabase } from './postgres.ts';

let template: Promise<string> | undefined;

async function migrated(): Promise<string> {
  const database = await testDatabase();
  await withConnection({ url: database.url, role: 'state database' }, (client) => migrateState(client));
  return database.name;
}

/** A migrated state database of its own, cloned from one that is migrated once per test file. */
export async function testStateDatabase(): Promise<TestDatabase> {
  template ??= migrated();
  return testDatabase({ template: await template });
}

export interface TestState {
  /** The superuser's, who also owns the schema. */
  readonly url: string;
  readonly pool: Pool;
  close(): Promise<void>;
}

/** A migrated state database of its own, and connections to it. */
export async function testState(): Promise<TestState> {
  const database = await testStateDatabase();
  const pool = await openPool({ url: database.url, role: 'state database', max: 10 });
  return {
    url: database.url,
    pool,
    close: async () => {
      await pool.end();
      await database.drop();
    },
  };
}

/** A context on that state database; whatever a test does not care about has the plainest value. */
export function testContext(
  state: Pick<TestState, 'pool'>,
  own: Partial<OperationContext> = {},
): OperationContext {
  return {
    profile: 'test',
    clock: systemClock,
    progress: silentProgress,
    actor: currentActor(),
    signal: new AbortController().signal,
    approvalsFor: () => 0,
    state: () => Promise.resolve(state.pool),
    certificateSigner: () => Promise.resolve(undefined),
    ...own,
  };
}

export function testSigner(): { readonly publicKey: string; readonly secretKey: string } & Pick<
  OperationContext,
  'certificateSigner'
> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return {
    publicKey,
    secretKey: privateKey,
    certificateSigner: () => Promise.resolve(ed25519Signer(privateKey)),
  };
}

export interface TestOperator extends KeyPair {
  readonly name: string;
}

/** Makes a signing key and enrols it without ceremony. */
export async function testOperator(
  state: Pick<TestState, 'pool'>,
  name: string,
  key: { readonly now?: Date; readonly expiresInDays?: number } = {},
): Promise<TestOperator> {
  const pair = await generateKeyPair({
    name,
    email: `${name.toLowerCase()}@example.org`,
    purpose: 'sign',
    ...key,
  });
  await storeOperator(state.pool, await readOperatorKey(pair.publicKey, key.now ?? new Date()), name);
  return { ...pair, name };
}

export function signText(text: string, operator: TestOperator, now?: Date): Promise<string> {
  return signDetached(Buffer.from(text), {
    secretKey: operator.secretKey,
    ...(now === undefined ? {} : { now }),
  });
}

export function signedBy(plan: Plan, operator: TestOperator, now?: Date): Promise<string> {
  return signText(plan.text, operator, now);
}

export function clockAt(offset: number): Clock {
  return { now: () => new Date(Date.now() + offset) };
}
