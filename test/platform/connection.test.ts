import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../src/lib/base/postgres.ts';
import { readCatalog } from '../../src/lib/platform/catalog/index.ts';
import { openPlatform } from '../../src/lib/platform/connection.ts';
import { platformFingerprint } from '../../src/lib/platform/fingerprint.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

describe('the platform connection', () => {
  let database: TestDatabase;
  let admin: Client;
  let plain: string;
  beforeAll(async () => {
    database = await testDatabase();
    admin = await connect({ url: database.url, role: 'test' });
    await admin.query(`create table rows (id int); alter table rows enable row level security;
      insert into rows values (1);
      create table open (id int); grant insert on open to public;
      create role plain_connection login password 'plain';
      grant select, insert on rows to plain_connection`);
    const url = new URL(database.url);
    url.username = 'plain_connection';
    url.password = 'plain';
    plain = url.toString();
  });
  afterAll(async () => {
    await admin?.query(`grant execute on function pg_control_system() to public`);
    await admin?.end();
    await database?.drop();
  });

  it('writes nothing', async () => {
    const client = await openPlatform(plain);
    await expect(client.query('insert into public.open values (2)')).rejects.toMatchObject({ code: '25006' });
    await client.end();
  });

  it('makes rows that row security hides an error instead of leaving them out', async () => {
    const careless = await connect({ url: plain, role: 'test' });
    expect((await careless.query('select from public.rows')).rowCount).toBe(0);
    await careless.end();
    const client = await openPlatform(plain);
    await expect(client.query('select from public.rows')).rejects.toMatchObject({ code: '42501' });
    await client.end();
  });

  it('finds names only where they say they are, and gives up on long statements and locks', async () => {
    const client = await openPlatform(plain, { statementTimeout: 50, lockTimeout: 20, purpose: 'test' });
    await expect(client.query('select from rows')).rejects.toMatchObject({ code: '42P01' });
    await expect(client.query('select pg_sleep(10)')).rejects.toMatchObject({ code: '57014' });
    await admin.query('begin; lock table rows');
    await expect(client.query('select from public.rows')).rejects.toMatchObject({ code: '55P03' });
    await admin.query('rollback');
    const { rows } = await client.query(
      "select application_name, current_setting('transaction_isolation') as isolation from pg_stat_activity where pid = pg_backend_pid()",
    );
    expect(rows).toEqual([{ application_name: 'postern test', isolation: 'repeatable read' }]);
    await client.end();
  });

  it('tells which database it is, and when it may not ask the cluster', async () => {
    const client = await openPlatform(plain);
    const known = await platformFingerprint(client);
    expect(known).toEqual({
      systemIdentifier: expect.stringMatching(/^\d+$/),
      database: database.name,
      databaseOid: expect.any(Number),
      serverVersion: expect.stringMatching(/^18\.\d+$/),
    });
    await admin.query('revoke execute on function pg_control_system() from public');
    expect(await platformFingerprint(client)).toEqual({ ...known, systemIdentifier: undefined });
    expect((await readCatalog(client)).server.systemIdentifier).toBeNull();
    await client.end();
  });

  it('tells a clone on the same server apart', async () => {
    const other = await testDatabase();
    const client = await openPlatform(other.url);
    const mine = await openPlatform(database.url);
    expect(await platformFingerprint(client)).not.toEqual(await platformFingerprint(mine));
    await client.end();
    await mine.end();
    await other.drop();
  });

  it('says that a database cannot be reached, without its password', async () => {
    const error = await openPlatform('postgresql://who:secret-word@127.0.0.1:1/x').catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ exitCode: 1, code: 'database-unreachable' });
    expect(String(error)).not.toContain('secret-word');
  });
});
