import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPool, type Pool } from '../../src/lib/base/postgres.ts';
import type { KmsService } from '../../src/lib/cloud/kms-service.ts';
import { createLocalKms } from '../../src/lib/cloud/local/kms.ts';
import { openColumnValue, readColumnValue, sealColumnValue } from '../../src/lib/crypto/column-value.ts';
import type { KeyContext } from '../../src/lib/key/context.ts';
import { keyContextOn } from './key-context.ts';
import { type TestState, testSigner, testState } from './operation.ts';
import { testDatabase } from './postgres.ts';

/** A platform with persons, a key for each of them, and tokens encrypted under it. */
export interface KeyWorld {
  readonly platform: Pool;
  readonly platformUrl: string;
  readonly state: TestState;
  readonly kms: KmsService;
  readonly kek: string;
  readonly publicKey: string;
  /** What was encrypted, by token. */
  readonly tokens: ReadonlyMap<string, string>;
  context(own?: Partial<KeyContext>): Promise<KeyContext>;
  /** What `walk-child.ts` is to be started with, before the plan's id. */
  readonly childArguments: readonly string[];
  /** Decrypts all tokens as an application does: by the key that each value names. */
  readTokens(): Promise<ReadonlyMap<string, string>>;
  /** Encrypts as an application does, under the active key of the person. */
  seal(person: string, token: string, plaintext: string): Promise<Buffer>;
  /** Lets the application ask the key management service again. */
  forgetKeys(): void;
  close(): Promise<void>;
}

const schema = `
create schema app;
create table app.person (id uuid primary key);
create table app.key (
  id uuid primary key, person_id uuid not null references app.person, version int not null, state text not null,
  kek text not null, wrapped bytea not null, region text not null, created_at timestamptz not null default now(),
  unique (person_id, version)
);
create unique index one_active on app.key (person_id) where state = 'active';
create table app.token (
  person_id uuid not null references app.person, name text not null, key_id uuid, secret bytea, note text,
  primary key (person_id, name)
);
`;

export async function keyWorld(
  options: {
    readonly persons?: number;
    readonly tokensEach?: number;
    /** A local one of its own unless told. */
    readonly kms?: KmsService;
  } = {},
): Promise<KeyWorld> {
  const { persons = 10, tokensEach = 5 } = options;
  const folder = await mkdtemp(join(tmpdir(), 'postern-keys-'));
  const passphrase = randomBytes(16).toString('hex');
  const kmsPath = join(folder, 'kms');
  const kms =
    options.kms ?? (await createLocalKms({ path: kmsPath, unlock: { passphrase }, scryptLogN: 14 }));
  const { arn: kek } = await kms.createKey({ usage: 'encrypt', description: 'data keys' });
  const database = await testDatabase();
  const platform = await openPool({ url: database.url, role: 'platform database', max: 10 });
  const state = await testState();
  await platform.query(schema);
  const opened = new Map<string, Promise<Uint8Array>>();
  const signer = testSigner();

  const dataKeyOf = async (where: string, value: string): Promise<{ id: string; dataKey: Uint8Array }> => {
    const { rows } = await platform.query(
      `select id::text, person_id::text, version, kek, wrapped from app.key where ${where}`,
      [value],
    );
    const [{ id, person_id: person, version, kek: wrapping, wrapped }] = rows;
    const dataKey = opened.get(id) ?? kms.decrypt(wrapping, wrapped, { person, version: String(version) });
    opened.set(id, dataKey);
    return { id, dataKey: await dataKey };
  };
  const place = (person: string, token: string) => ({
    table: 'token',
    column: 'secret',
    primaryKey: [person, token],
    subject: person,
  });
  const seal = async (person: string, token: string, plaintext: string): Promise<Buffer> => {
    const key = await dataKeyOf(`state = 'active' and person_id = $1`, person);
    return sealColumnValue(Buffer.from(plaintext), key, place(person, token));
  };

  const tokens = new Map<string, string>();
  for (let person = 0; person < persons; person += 1) {
    const id = randomUUID();
    await platform.query('insert into app.person values ($1)', [id]);
    const { wrapped } = await kms.generateDataKey(kek, { person: id, version: '1' });
    await platform.query(
      `insert into app.key (id, person_id, version, state, kek, wrapped, region) values ($1, $2, 1, 'active', $3, $4, 'eu')`,
      [randomUUID(), id, kek, Buffer.from(wrapped)],
    );
    for (let token = 0; token < tokensEach; token += 1) {
      const plaintext = `secret ${person}/${token} ${randomUUID()}`;
      tokens.set(`${id}/t${token}`, plaintext);
      await platform.query(
        `insert into app.token (person_id, name, key_id, secret, note)
         select $1, $2, id, $3, 'kept' from app.key where person_id = $1 and state = 'active'`,
        [id, `t${token}`, await seal(id, `t${token}`, plaintext)],
      );
    }
  }

  return {
    platform,
    platformUrl: database.url,
    state,
    kms,
    kek,
    publicKey: signer.publicKey,
    tokens,
    seal,
    context: (own = {}) =>
      keyContextOn(
        { platformUrl: database.url, pool: state.pool, kms },
        { certificateSigner: signer.certificateSigner, ...own },
      ),
    childArguments: [database.url, state.url, kmsPath, passphrase],
    readTokens: async () => {
      const { rows } = await platform.query(
        `select person_id::text as person, name, secret, key_id::text as beside from app.token where secret is not null`,
      );
      const read = new Map<string, string>();
      for (const { person, name, secret, beside } of rows) {
        const value = readColumnValue(secret);
        if (typeof value === 'string') throw new Error(`${person}/${name}: ${value}`);
        if (beside !== value.keyId) throw new Error(`${person}/${name} stands beside another key id`);
        const { dataKey } = await dataKeyOf('id = $1', value.keyId);
        read.set(`${person}/${name}`, openColumnValue(secret, dataKey, place(person, name)).toString());
      }
      return read;
    },
    forgetKeys: () => opened.clear(),
    close: async () => {
      await platform.end();
      await Promise.all([state.close(), database.drop()]);
      await rm(folder, { recursive: true });
    },
  };
}
