import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type Client, connect, withConnection } from '../../src/lib/base/postgres.ts';
import type { ManagedPassword, PasswordContext } from '../../src/lib/key/password/index.ts';
import { filePlace } from '../../src/lib/key/password/places.ts';
import { plainFile } from '../../src/lib/key/password/secret-file.ts';
import type { PostgresMajor } from '../../src/lib/sandbox/server.ts';
import { type TestState, testContext, testSigner, testState } from './operation.ts';
import { type TestDatabase, testDatabase } from './postgres.ts';

/** A server with login roles, a folder for their secrets, and a state database. */
export interface PasswordWorld {
  readonly state: TestState;
  readonly database: TestDatabase;
  /** The superuser's session on the database. */
  readonly client: Client;
  readonly folder: string;
  readonly signer: ReturnType<typeof testSigner>;
  /** Login roles with the password `old`, dropped at the end. */
  roles(...suffixes: readonly string[]): Promise<readonly string[]>;
  /** A context with one managed password. */
  context(managed: ManagedPassword, own?: Partial<PasswordContext>): PasswordContext;
  /** The URL on the database with another login. */
  urlOf(role: string, password: string): string;
  canLogin(role: string, password: string): Promise<boolean>;
}

/** Makes the world before the tests of a file, and drops it after them. */
export function passwordWorld(major: PostgresMajor = 18): PasswordWorld {
  const made: string[] = [];
  const signer = testSigner();
  let state: TestState;
  let database: TestDatabase;
  let client: Client;
  let folder: string;
  let count = 0;
  beforeAll(async () => {
    state = await testState();
    database = await testDatabase({ major });
    client = await connect({ url: database.url, role: 'test database' });
    folder = await mkdtemp(join(tmpdir(), 'postern-password-'));
  });
  afterAll(async () => {
    for (const role of made.toReversed()) {
      await client.query(`drop owned by "${role}" cascade; drop role "${role}"`);
    }
    await client.end();
    await database.drop();
    await state.close();
    await rm(folder, { recursive: true });
  });
  const urlOf = (role: string, password: string): string => loginUrlOf(database.url, role, password);
  return {
    get state() {
      return state;
    },
    get database() {
      return database;
    },
    get client() {
      return client;
    },
    get folder() {
      return folder;
    },
    signer,
    urlOf,
    roles: async (...suffixes) => {
      count += 1;
      const names = suffixes.map((suffix) => `app${process.pid}_${count}_${suffix}`);
      for (const name of names) await client.query(`create role "${name}" login password 'old'`);
      made.push(...names);
      return names;
    },
    context: (managed, own = {}) => ({
      ...testContext(state, { certificateSigner: signer.certificateSigner }),
      password: () => managed,
      stateLogin: () => Promise.resolve({ role: 'postern_state', server: 'elsewhere:5432' }),
      ...own,
    }),
    canLogin: async (role, password) => {
      try {
        await withConnection({ url: urlOf(role, password), role: 'test database' }, () => Promise.resolve());
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** What a person would configure: two roles that take turns, and a file with a URL. */
export function managedPassword(
  own: Pick<ManagedPassword, 'roles'> & { readonly folder: string; readonly databaseUrl: string } & Partial<
      Omit<ManagedPassword, 'roles'>
    >,
): ManagedPassword {
  const { folder, databaseUrl, roles, ...rest } = own;
  const path = join(folder, `${roles.join('-')}.url`);
  const { host, pathname } = new URL(databaseUrl);
  return {
    name: roles.join('-'),
    roles,
    adminUrl: () => Promise.resolve(databaseUrl),
    passwordBytes: 32,
    cryptoperiod: 90 * 86_400_000,
    pending: plainFile(`${path}.next`),
    places: [filePlace(plainFile(path), `postgresql://{role}:{password}@${host}${pathname}`, roles)],
    ...rest,
  };
}

function loginUrlOf(url: string, role: string, password: string): string {
  const parsed = new URL(url);
  parsed.username = role;
  parsed.password = password;
  return parsed.toString();
}
