import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect, withDatabase } from '../../../src/lib/base/postgres.ts';
import {
  type Catalog,
  copyableSequences,
  copyableTables,
  primaryKey,
  type Relation,
  readCatalog,
  relationsByName,
} from '../../../src/lib/platform/catalog/index.ts';
import { qualifiedName } from '../../../src/lib/platform/quote.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { fixture } from './fixture.ts';

describe.each([15, 16, 17, 18] as const)('the catalog of PostgreSQL %i', (major) => {
  let database: TestDatabase;
  let admin: Client;
  let client: Client;
  let catalog: Catalog;
  const find = (schema: string, name: string): Relation => {
    const relation = relationsByName(catalog).get(qualifiedName(schema, name));
    if (relation === undefined) throw new Error(`no ${name}`);
    return relation;
  };

  beforeAll(async () => {
    database = await testDatabase({ major });
    admin = await connect({ url: database.url, role: 'test' });
    await admin.query(fixture);
    await admin.query(`
      create role plain_${major} login password 'plain';
      alter role plain_${major} in database ${database.name} set work_mem = '5MB';
      grant usage on schema mail to plain_${major};
      grant select (id) on mail.messages to plain_${major};
      grant select on sequence mail.spent to plain_${major}`);
    const url = new URL(database.url);
    url.username = `plain_${major}`;
    url.password = 'plain';
    client = await connect({ url: url.toString(), role: 'test' });
    catalog = await readCatalog(client);
  });
  afterAll(async () => {
    await client?.end();
    await admin?.end();
    await database?.drop();
  });

  it('tells the server, the database and the settings for a role', () => {
    expect(catalog.server.versionNumber).toBeGreaterThan(major * 10_000);
    expect(catalog.server.versionNumber).toBeLessThan((major + 1) * 10_000);
    expect(catalog.server.systemIdentifier).toMatch(/^\d{10,}$/);
    expect(catalog.server).toMatchObject({ blockSize: 8192, standby: false });
    expect(catalog.database).toMatchObject({ name: database.name, encoding: 'UTF8', acl: null });
    expect(catalog.settings).toEqual([
      { role: `plain_${major}`, thisDatabase: true, settings: ['work_mem=5MB'] },
    ]);
  });

  it('reads the same for a role without any privilege, except for the state of sequences', async () => {
    const all = await readCatalog(admin);
    expect({ ...catalog, sequences: [] }).toEqual({ ...all, sequences: [] });
    expect(catalog.sequences.find(({ name }) => name === 'spent')).toMatchObject({
      lastValue: '2',
      called: true,
    });
    expect(catalog.sequences.find(({ name }) => name === 'counter')).toMatchObject({
      lastValue: null,
      called: null,
    });
  });

  it('tells every kind of relation, and leaves temporary ones and the system out', () => {
    expect(catalog.schemas.map(({ name }) => name)).toEqual(['Odd.Schéma', 'mail', 'public']);
    const kinds = catalog.relations
      .filter(({ kind }) => kind !== 'sequence')
      .map(({ name, kind }) => `${name}: ${kind}`);
    expect(kinds).toEqual([
      'select "all" – 表: table',
      'accounts: table',
      'animal: table',
      'cache: table',
      'dog: table',
      'far: foreign-table',
      'log: partitioned-table',
      'log_2025: table',
      'log_rest: partitioned-table',
      'log_rest_a: table',
      'messages: table',
      'senders: view',
      'tenants: table',
      'totals: materialised-view',
    ]);
    expect(find('mail', 'totals').populated).toBe(false);
    expect(find('mail', 'senders').options).toEqual(['security_barrier=true']);
    expect(find('mail', 'cache')).toMatchObject({
      persistence: 'unlogged',
      replicaIdentity: 'full',
      accessMethod: 'heap',
    });
    expect(find('mail', 'messages')).toMatchObject({ rowSecurity: true, forceRowSecurity: true });
    expect(find('mail', 'accounts')).toMatchObject({ rowSecurity: false, estimatedRows: null, bytes: 0 });
  });

  it('tells partitions with their parents and bounds, and plain inheritance apart from them', () => {
    const log = find('mail', 'log');
    expect(log.partitionKey).toBe('RANGE (at)');
    expect(find('mail', 'log_2025')).toMatchObject({
      partitionOf: log.oid,
      partitionBound: "FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
    });
    expect(find('mail', 'log_rest')).toMatchObject({ partitionOf: log.oid, partitionBound: 'DEFAULT' });
    expect(find('mail', 'dog').partitionOf).toBeNull();
    expect(catalog.inheritance.filter(({ partition }) => !partition)).toEqual([
      { child: find('mail', 'dog').oid, parent: find('mail', 'animal').oid, partition: false },
    ]);
    expect(catalog.inheritance.filter(({ partition }) => partition)).toHaveLength(3);
  });

  it('tells columns in their order, without dropped ones, with types under domains', () => {
    const { columns } = find('mail', 'accounts');
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'tenant_id integer',
      'id bigint',
      'address mail.work_email',
      'state mail.state',
      'local text',
      'tags character varying(20)[]',
      'at timestamp with time zone',
    ]);
    expect(columns[1]).toMatchObject({ identity: 'by-default', notNull: true });
    expect(columns[2]).toMatchObject({ baseType: 'text' });
    expect(columns[3]).toMatchObject({
      baseType: 'mail.state',
      default: "'new'::mail.state",
      generated: null,
    });
    expect(columns[4]).toMatchObject({ generated: 'stored', collation: null });
    expect(columns.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 7, 8]);
    expect(find('mail', 'tenants').columns[1]?.collation).toBe('pg_catalog."C"');
    expect(find('mail', 'messages').columns[2]?.acl).toEqual([`plain_${major}=r/postgres`]);
  });

  it('tells constraints with their columns in the order of the key', () => {
    expect(primaryKey(find('Odd.Schéma', 'select "all" – 表'))).toEqual(['a.b', 'ORDER']);
    const { constraints } = find('mail', 'accounts');
    expect(constraints.map(({ name, kind, columns }) => [name, kind, columns])).toEqual([
      ['accounts_pkey', 'primary-key', ['tenant_id', 'id']],
      ['address_once', 'unique', ['tenant_id', 'address']],
      ['state_known', 'check', ['state']],
    ]);
    expect(constraints[1]).toMatchObject({ deferrable: true, initiallyDeferred: true, validated: true });
    expect(constraints[0]?.index).toBe(find('mail', 'accounts').indexes.find(({ primary }) => primary)?.oid);
  });

  it('tells foreign keys with their rules, and whether an index supports them', () => {
    expect(catalog.foreignKeys).toMatchObject([
      {
        table: 'accounts',
        columns: ['tenant_id'],
        referencedTable: 'tenants',
        referencedColumns: ['id'],
        onDelete: 'cascade',
        onUpdate: 'no-action',
        // the leading column of the primary key
        supportingIndex: 'accounts_pkey',
        enforced: true,
      },
      {
        columns: ['parent'],
        onDelete: 'set-null',
        onUpdate: 'restrict',
        supportingIndex: null,
        onDeleteColumns: null,
      },
      {
        columns: ['tenant_id', 'account_id'],
        referencedColumns: ['tenant_id', 'id'],
        match: 'full',
        deferrable: true,
        supportingIndex: 'messages_account',
      },
    ]);
  });

  it('tells indexes: expressions, predicates, included columns, and the constraint behind each', () => {
    const { indexes } = find('mail', 'accounts');
    expect(indexes.find(({ name }) => name === 'accounts_lower')).toMatchObject({
      columns: [null],
      expression: true,
      predicate: "(state <> 'seen'::mail.state)",
      unique: false,
      constraint: null,
    });
    expect(indexes.find(({ name }) => name === 'accounts_cover')).toMatchObject({
      columns: ['at'],
      included: ['tags'],
    });
    expect(indexes.find(({ name }) => name === 'address_once')).toMatchObject({
      constraint: 'address_once',
      immediate: false,
      unique: true,
      valid: true,
    });
  });

  it('tells triggers, rules, policies and the functions that triggers call', () => {
    expect(find('mail', 'accounts').triggers).toMatchObject([
      {
        name: 'touch',
        enabled: 'disabled',
        timing: 'before',
        level: 'row',
        events: ['insert', 'update'],
        columns: ['address'],
        functionSchema: 'mail',
        functionName: 'touch',
        inherited: false,
      },
    ]);
    expect(find('mail', 'log').triggers).toMatchObject([
      { name: 'logged', timing: 'after', events: ['delete'], inherited: false },
    ]);
    expect(find('mail', 'log_2025').triggers).toMatchObject([{ name: 'logged', inherited: true }]);
    expect(find('mail', 'tenants').rules).toMatchObject([
      { name: 'no_delete', event: 'delete', instead: true },
    ]);
    expect(find('mail', 'senders').rules).toEqual([]);
    expect(find('mail', 'messages').policies).toMatchObject([
      {
        name: 'own',
        command: 'select',
        permissive: false,
        roles: ['public'],
        using: '(tenant_id > 0)',
        check: null,
      },
    ]);
    expect(
      catalog.routines.map(({ name, securityDefiner, settings }) => [name, securityDefiner, settings]),
    ).toEqual([
      ['touch', true, ['search_path=pg_catalog']],
      ['watch', false, null],
    ]);
    expect(catalog.eventTriggers).toMatchObject([
      { name: 'watch', event: 'ddl_command_end', tags: ['DROP TABLE'] },
    ]);
  });

  it('tells sequences exactly: owners, bounds, and a state that setval can repeat', async () => {
    const { sequences } = await readCatalog(admin);
    const named = (name: string) => sequences.find((sequence) => sequence.name === name);
    expect(named('counter')).toMatchObject({
      type: 'smallint',
      start: '5',
      increment: '-5',
      minimum: '-100',
      maximum: '100',
      cache: '3',
      cycle: true,
      ownership: null,
      lastValue: '5',
      called: false,
    });
    expect(named('big')).toMatchObject({ lastValue: '9223372036854775806', called: false });
    expect(named('messages_id_seq')).toMatchObject({
      ownership: 'serial',
      ownerSchema: 'mail',
      ownerTable: 'messages',
      ownerColumn: 'id',
    });
    expect(named('accounts_id_seq')).toMatchObject({
      ownership: 'identity',
      ownerTable: 'accounts',
      ownerColumn: 'id',
    });
    expect(copyableSequences(catalog)).toHaveLength(5);
  });

  it('tells types, large objects, publications, foreign servers, and which tables a view reads', () => {
    expect(catalog.types.map(({ name, kind }) => `${name}: ${kind}`)).toEqual([
      'email: domain',
      'point: composite',
      'span: range',
      'state: enum',
      'work_email: domain',
    ]);
    const [email, point, span, state, work] = catalog.types;
    expect(email?.checks).toHaveLength(2);
    expect(point?.attributes).toEqual([
      { name: 'x', type: 'integer' },
      { name: 'Y', type: 'numeric(5,2)' },
    ]);
    expect(span?.subtype).toBe('integer');
    expect(state?.labels).toEqual(['new', 'seen', 'it\'s "gone"']);
    expect(work).toMatchObject({ baseType: 'mail.email', notNull: true });
    expect(catalog.largeObjects).toEqual([{ owner: 'postgres', count: 2 }]);
    expect(catalog.publications).toMatchObject([
      { name: 'out_all', allTables: false, relations: [find('mail', 'tenants').oid] },
    ]);
    expect(catalog.foreignServers).toMatchObject([{ name: 'elsewhere', wrapper: 'nothing' }]);
    expect(catalog.viewDependencies).toEqual(
      [
        { view: find('mail', 'senders').oid, relation: find('mail', 'accounts').oid },
        { view: find('mail', 'totals').oid, relation: find('mail', 'messages').oid },
      ].sort((a, b) => a.view - b.view),
    );
    expect(catalog.extensions).toMatchObject([{ name: 'plpgsql', schema: 'pg_catalog', configuration: [] }]);
  });

  it('lists the tables to copy: leaves and ordinary tables, without generated columns', () => {
    const tables = copyableTables(catalog);
    expect(tables.map(({ name }) => name)).toEqual([
      'select "all" – 表',
      'accounts',
      'animal',
      'cache',
      'dog',
      'log_2025',
      'log_rest_a',
      'messages',
      'tenants',
    ]);
    const [odd, accounts] = tables;
    expect(odd?.columns).toEqual(['ORDER', 'a.b', "it's", 'é']);
    expect(accounts?.columns).toEqual(['tenant_id', 'id', 'address', 'state', 'tags', 'at']);
    expect(tables.find(({ name }) => name === 'log_2025')?.partitionOf).toBe(find('mail', 'log').oid);
    expect(accounts).not.toHaveProperty('partitionOf');
    expect(tables.find(({ name }) => name === 'messages')?.rowSecurity).toBe(true);
    expect(tables.find(({ name }) => name === 'cache')?.unlogged).toBe(true);
  });

  it('reads only the schemas that were asked for, with foreign keys that reach into them', async () => {
    const some = await readCatalog(client, { schemas: ['Odd.Schéma', "it's \\ not"] });
    expect(some.relations.map(({ name }) => name)).toEqual(['select "all" – 表']);
    expect(some.foreignKeys).toEqual([]);
    expect((await readCatalog(client, { schemas: [] })).relations).toEqual([]);
  });

  it('leaves the session as it was, in a transaction and outside, and sees the transaction it is called in', async () => {
    await admin.query(`set search_path = "Odd.Schéma", public; set jit = on`);
    const show = async () =>
      (await admin.query("select current_setting('search_path') as path, current_setting('jit') as jit"))
        .rows[0];
    const before = await show();
    await readCatalog(admin);
    expect(await show()).toEqual(before);
    await admin.query('begin');
    await admin.query('create table mail.uncommitted (id int)');
    const inside = await readCatalog(admin);
    expect(await show()).toEqual(before);
    await admin.query('rollback');
    expect(inside.relations.some(({ name }) => name === 'uncommitted')).toBe(true);
    expect(await show()).toEqual(before);
  });

  it('measures sizes and rows of what is there', async () => {
    await admin.query(`create table mail.sized as select i, repeat(md5(i::text), 200) as wide from generate_series(1, 500) i;
      alter table mail.sized alter wide set storage external; update mail.sized set wide = wide || 'x'; analyze mail.sized`);
    const sized = copyableTables(await readCatalog(admin)).find(({ name }) => name === 'sized');
    const { rows } = await admin.query(
      `select pg_relation_size('mail.sized')::float8 as main, pg_table_size('mail.sized')::float8 as whole`,
    );
    expect(sized?.pages).toBe(rows[0].main / 8192);
    expect(sized?.bytes).toBeGreaterThan(2_000_000);
    expect(sized?.bytes).toBeLessThanOrEqual(rows[0].whole);
    const relation = (await readCatalog(admin)).relations.find(({ name }) => name === 'sized');
    expect(relation?.estimatedRows).toBe(500);
    await admin.query('drop table mail.sized');
  });

  it('gives up on a table that somebody holds locked, and says so', async () => {
    await admin.query('begin; lock table mail.tenants in access exclusive mode');
    await client.query("set lock_timeout = '50ms'");
    await expect(readCatalog(client)).rejects.toMatchObject({ code: 'catalog-timeout', exitCode: 1 });
    await admin.query('rollback');
    await expect(readCatalog(client)).resolves.toMatchObject({ database: { name: database.name } });
  });

  it('goes on without what is locked where it is told to, also behind somebody who waits for the lock', async () => {
    await admin.query(`create table mail.closed (id serial primary key, a text default lower('X'), b text, check (a <> 'q'));
      create index closed_some on mail.closed (lower(a)) where b is not null;
      create policy seen on mail.closed using (b <> 'x')`);
    const open = await readCatalog(client, { locked: 'skip' });
    expect(open.locked).toEqual([]);
    await client.query("set lock_timeout = '2s'");
    const waiting = await connect({ url: database.url, role: 'test' });
    for (const holds of ['access exclusive', 'access share']) {
      await admin.query(`begin; lock table mail.closed in ${holds} mode`);
      const lock =
        holds === 'access share'
          ? waiting.query('begin; lock table mail.closed in access exclusive mode')
          : undefined;
      await expect
        .poll(async () => (await readCatalog(client, { locked: 'skip' })).locked.length, { timeout: 20_000 })
        .toBeGreaterThan(0);
      const closed = await readCatalog(client, { locked: 'skip' });
      const [before, after] = [open, closed].map(({ relations }) =>
        relations.find(({ name }) => name === 'closed'),
      );
      expect(closed.locked).toEqual([before?.oid]);
      expect(after?.columns.map(({ name, type }) => [name, type])).toEqual(
        before?.columns.map(({ name, type }) => [name, type]),
      );
      expect(after?.indexes.find(({ name }) => name === 'closed_some')).toMatchObject({ predicate: '' });
      const others = ({ relations }: typeof open) => relations.filter(({ name }) => name !== 'closed');
      expect(others(closed)).toEqual(others(open));
      await admin.query('rollback');
      await lock;
      await waiting.query('rollback');
    }
    await waiting.end();
    await admin.query('drop table mail.closed');
  });

  it('refuses a SQL_ASCII database with a name that is no UTF-8, and reads one whose names are', async () => {
    const ascii = await testDatabase({ major, encoding: 'SQL_ASCII' });
    const odd = await connect({ url: ascii.url, role: 'test' });
    await odd.query('create table "tablé" (id int)');
    const read = await readCatalog(odd);
    expect(read.database.encoding).toBe('SQL_ASCII');
    expect(read.relations.map(({ name }) => name)).toEqual(['tablé']);
    await odd.query(String.raw`do $$ begin execute 'create table t (' || E'caf\351' || ' int)'; end $$`);
    await expect(readCatalog(odd)).rejects.toMatchObject({ code: 'catalog-encoding' });
    await odd.end();
    await ascii.drop();
  });

  it('reports a server that says no as a failure, not as a bug', async () => {
    const broken = await connect({ url: withDatabase(database.url, database.name), role: 'test' });
    await broken.query('begin');
    await broken.query('select 1/0').catch(() => {});
    await expect(readCatalog(broken)).rejects.toMatchObject({ code: 'catalog-unreadable', exitCode: 1 });
    await broken.end();
  });
});
