import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, connect } from '../../../src/lib/base/postgres.ts';
import { passwordRotation, planRotation } from '../../../src/lib/key/password/index.ts';
import { publishedLogin } from '../../../src/lib/key/password/place.ts';
import { applyPlan } from '../../../src/lib/operation/apply.ts';
import { savePlan } from '../../../src/lib/operation/plan-store.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../../src/lib/sandbox/server.ts';
import { type TestState, testContext, testState } from '../../support/operation.ts';
import { managedPassword } from '../../support/password-world.ts';

let server: EmbeddedServer;
let client: Client;
let state: TestState;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-secrecy-'));
  await chmod(folder, 0o755);
  server = await startEmbeddedServer({
    dataDirectory: join(folder, 'data'),
    walSegmentSize: 1,
    settings: {
      fsync: 'off',
      log_statement: 'all',
      log_min_duration_statement: '0',
      log_parameter_max_length: '-1',
      log_connections: 'on',
      shared_preload_libraries: 'pg_stat_statements,passwordcheck',
    },
  });
  client = await connect({ url: server.url, role: 'test server' });
  state = await testState();
});
afterAll(async () => {
  await state.close();
  await client.end();
  await server.stop();
  await rm(folder, { recursive: true });
});

test('a server that logs and keeps every statement never learns a password', async () => {
  await client.query('create extension pg_stat_statements');
  await client.query(
    `create role app_a login password 'Old-one-15'; create role app_b login password 'Old-one-15'`,
  );
  const managed = managedPassword({ roles: ['app_a', 'app_b'], folder, databaseUrl: server.url });
  const context = {
    ...testContext(state),
    password: () => managed,
    stateLogin: () => Promise.resolve({ role: 'other', server: 'elsewhere' }),
  };
  const { plan } = await planRotation(context, managed.name, {
    reason: 'compromised',
    sessions: 'end',
    inUse: 'app_a',
  });
  await savePlan(context, plan);
  let waited = '';
  const kind: typeof passwordRotation = {
    ...passwordRotation,
    applyStep: async (own, of, index, journal) => {
      const result = await passwordRotation.applyStep(own, of, index, journal);
      waited = (await managed.pending.read()) ?? waited;
      return result;
    },
  };
  await applyPlan(context, kind, plan.id);
  const passwords = [...waited.matchAll(/"password": "([^"]+)"/g)].map(([, password = '']) => password);
  expect(passwords).toHaveLength(2);
  expect(passwords).toContain((await publishedLogin(managed))?.password);
  const log = await readFile(`${join(folder, 'data')}.log`, 'utf8');
  const { rows } = await client.query<{ query: string }>('select query from pg_stat_statements');
  const statements = rows.map(({ query }) => query).join('\n');
  // Were nothing recorded, nothing would be found.
  expect(log).toContain(`alter role "app_b" password 'SCRAM-SHA-256$4096:`);
  expect(statements).toMatch(/alter role "app_b" password/);
  for (const password of passwords) {
    expect(log).not.toContain(password);
    expect(statements).not.toContain(password);
  }
});
