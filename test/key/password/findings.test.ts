import { describe, expect, test } from 'vitest';
import { type Client, connect } from '../../../src/lib/base/postgres.ts';
import { planRotation, requireAccepted } from '../../../src/lib/key/password/index.ts';
import { managedPassword, passwordWorld } from '../../support/password-world.ts';

const routine = { reason: 'routine', sessions: 'leave' } as const;

describe.each([15, 18] as const)('PostgreSQL %i', (major) => {
  const world = passwordWorld(major);

  async function plan(roles: readonly string[], own: Partial<Parameters<typeof managedPassword>[0]> = {}) {
    const databaseUrl = world.database.url;
    const managed = managedPassword({ roles, folder: world.folder, databaseUrl, ...own });
    const [inUse = ''] = roles;
    return planRotation(world.context(managed), managed.name, { ...routine, inUse });
  }

  async function codes(roles: readonly string[]): Promise<readonly string[]> {
    return (await plan(roles)).findings.map(({ code }) => code);
  }

  test('two roles that are alike are nothing to report', async () => {
    expect(await codes(await world.roles('a', 'b'))).toEqual([]);
  });

  test.each([
    ['a membership', (role: string) => `grant pg_monitor to "${role}"`],
    ['a setting', (role: string) => `alter role "${role}" set work_mem = '8MB'`],
    [
      'a privilege',
      (role: string) => `create table if not exists t (a int, b int); grant select on t to "${role}"`,
    ],
    [
      'a privilege on a column',
      (role: string) => `create table if not exists t (a int, b int); grant select (b) on t to "${role}"`,
    ],
    ['an attribute', (role: string) => `alter role "${role}" createdb`],
  ])('%s of one of them alone blocks, and is told', async (_, sql) => {
    const [a = '', b = ''] = await world.roles('a', 'b');
    await world.client.query(sql(b));
    const { findings } = await plan([a, b]);
    expect(findings).toEqual([
      { code: 'roles-differ', blocks: true, text: expect.stringContaining(`only ${b}: `) },
    ]);
    expect(() => requireAccepted('app', findings)).toThrow('the roles are not alike');
    await world.client.query(sql(a));
    expect(await codes([a, b])).toEqual([]);
  });

  test('what one of them owns is told, because the other could not alter it', async () => {
    const [a = '', b = ''] = await world.roles('a', 'b');
    await world.client.query(`create table owned_${major} (); alter table owned_${major} owner to "${a}"`);
    expect((await plan([a, b])).findings).toEqual([
      { code: 'owns-objects', blocks: false, text: expect.stringContaining(`${a} owns objects (1 in `) },
    ]);
  });

  test('a session of the role whose turn it is blocks', async () => {
    const [a = '', b = ''] = await world.roles('a', 'b');
    const client = await connect({ url: world.urlOf(b, 'old'), role: 'test' });
    expect(await codes([a, b])).toEqual(['target-in-use']);
    await client.end();
  });

  test('md5 is told', async () => {
    const [a = '', b = ''] = await world.roles('a', 'b');
    await world.client.query(`alter role "${a}" password 'md5${'0'.repeat(32)}'`);
    expect(await codes([a, b])).toEqual(['md5']);
  });

  test('an end of validity before the next rotation is told, and one that is over refuses', async () => {
    const [a = '', b = ''] = await world.roles('a', 'b');
    await world.client.query(
      `alter role "${a}" valid until '2100-01-01'; alter role "${b}" valid until '2100-01-01'`,
    );
    expect(await codes([a, b])).toEqual([]);
    const soon = new Date(Date.now() + 86_400_000).toISOString();
    await world.client.query(`alter role "${b}" valid until '${soon}'`);
    expect(await codes([a, b])).toEqual(['valid-until']);
    await world.client.query(`alter role "${b}" valid until '2020-01-01'`);
    await expect(codes([a, b])).rejects.toMatchObject({ exitCode: 6, code: 'password-roles' });
  });

  test('everything that would fail half-way is refused at once', async () => {
    const [a = '', b = ''] = await world.roles('a', 'b');
    await world.client.query(`alter role "${a}" nologin; alter role "${b}" connection limit 0`);
    await expect(codes([a, b])).rejects.toMatchObject({
      code: 'password-roles',
      message: `${a} may not log in; ${b} has a connection limit of 0`,
    });
    await expect(codes(['nobody_there'])).rejects.toMatchObject({ message: 'there is no role nobody_there' });
  });

  describe('an admin without the powers of a superuser', () => {
    async function admin(
      sql: (name: string) => string,
    ): Promise<{ name: string; url: string; client: Client }> {
      const [name = ''] = await world.roles('admin');
      await world.client.query(sql(name));
      return { name, url: world.urlOf(name, 'old'), client: world.client };
    }

    test('with CREATEROLE, and ADMIN OPTION where it takes that, it may; verifiers are unknown to it', async () => {
      const [a = '', b = ''] = await world.roles('a', 'b');
      const { url } = await admin(
        (name) =>
          `alter role "${name}" createrole; ${major >= 16 ? `grant "${a}", "${b}" to "${name}" with admin option, inherit false, set false` : ''}`,
      );
      const { findings } = await plan([a, b], { adminUrl: () => Promise.resolve(url) });
      expect(findings).toEqual([]);
    });

    test('it may not set the password of a superuser', async () => {
      const [a = '', b = ''] = await world.roles('a', 'b');
      await world.client.query(`alter role "${b}" superuser`);
      const { name, url } = await admin((role) => `alter role "${role}" createrole`);
      await expect(plan([b], { adminUrl: () => Promise.resolve(url) })).rejects.toMatchObject({
        exitCode: 6,
        message: `${b} is a superuser, and ${name} is none`,
      });
      await world.client.query(`alter role "${b}" nosuperuser`);
      expect(a).not.toBe('');
    });

    test('without CREATEROLE it may set its own password and no other', async () => {
      const [a = ''] = await world.roles('a');
      const { name, url } = await admin(() => 'select 1');
      const own = { adminUrl: () => Promise.resolve(url) };
      await expect(plan([a], own)).rejects.toMatchObject({
        message: `${name} may not set the password of ${a}`,
      });
      await expect(plan([name], own)).resolves.toMatchObject({ findings: [{ code: 'single-role' }] });
    });

    if (major >= 16)
      test('CREATEROLE alone is not enough from PostgreSQL 16 on', async () => {
        const [a = ''] = await world.roles('a');
        const { url } = await admin((name) => `alter role "${name}" createrole`);
        await expect(plan([a], { adminUrl: () => Promise.resolve(url) })).rejects.toMatchObject({
          hints: [expect.stringContaining('WITH ADMIN OPTION')],
        });
      });

    if (major < 16)
      test('a role for replication takes a superuser before PostgreSQL 16', async () => {
        const [a = ''] = await world.roles('a');
        await world.client.query(`alter role "${a}" replication`);
        const { url } = await admin((name) => `alter role "${name}" createrole`);
        await expect(plan([a], { adminUrl: () => Promise.resolve(url) })).rejects.toMatchObject({
          code: 'password-roles',
        });
      });
  });
});
