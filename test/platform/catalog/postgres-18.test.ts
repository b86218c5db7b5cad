import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect, openPool } from '../../../src/lib/base/postgres.ts';
import {
  copyableSequences,
  copyableTables,
  type Relation,
  readCatalog,
} from '../../../src/lib/platform/catalog/index.ts';
import { walkableTable } from '../../../src/lib/platform/walk/index.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';

describe('what only PostgreSQL 18 has', () => {
  let database: TestDatabase;
  let client: Client;
  let folder: string;
  beforeAll(async () => {
    database = await testDatabase();
    client = await connect({ url: database.url, role: 'test' });
    folder = await mkdtemp(join(tmpdir(), 'postern-extension-'));
  });
  afterAll(async () => {
    await client?.end();
    await database?.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const find = async (name: string): Promise<Relation> => {
    const relation = (await readCatalog(client)).relations.find((candidate) => candidate.name === name);
    if (relation === undefined) throw new Error(`no ${name}`);
    return relation;
  };

  it('tells virtual generated columns from stored ones, and copies neither', async () => {
    await client.query(`create table generated (id int primary key, v int generated always as (id * 2) virtual,
      s int generated always as (id * 3) stored)`);
    expect((await find('generated')).columns.map(({ generated }) => generated)).toEqual([
      null,
      'virtual',
      'stored',
    ]);
    const table = copyableTables(await readCatalog(client)).find(({ name }) => name === 'generated');
    expect(table?.columns).toEqual(['id']);
  });

  it('does not take a NOT NULL for true that was never validated', async () => {
    await client.query(`create table unsure (a int unique); insert into unsure values (null);
      alter table unsure add constraint a_there not null a not valid`);
    const relation = await find('unsure');
    expect(relation.columns[0]?.notNull).toBe(false);
    expect(() => walkableTable(relation)).toThrow('has no key to walk by');
    await client.query('delete from unsure; alter table unsure validate constraint a_there');
    expect(walkableTable(await find('unsure')).key).toHaveLength(1);
  });

  it('tells foreign keys that are not enforced, and the columns that ON DELETE SET NULL names', async () => {
    await client.query(`create table up (a int, b int, primary key (a, b));
      create table down (a int, b int, foreign key (a, b) references up on delete set null (b) not enforced)`);
    const { foreignKeys } = await readCatalog(client);
    expect(foreignKeys).toMatchObject([{ enforced: false, onDelete: 'set-null', onDeleteColumns: ['b'] }]);
  });

  it('copies of an extension its configuration alone, by its own condition', async () => {
    await chmod(folder, 0o755);
    await mkdir(join(folder, 'extension'), { mode: 0o755 });
    await writeFile(
      join(folder, 'extension', 'zoo.control'),
      "default_version = '1.2'\nrelocatable = false\nschema = zoo\n",
    );
    await writeFile(
      join(folder, 'extension', 'zoo--1.2.sql'),
      `create table settings (name text, own boolean); create table cache (x int); create table everything (y int);
       create sequence counter; create sequence inner_counter;
       select pg_extension_config_dump('settings', 'WHERE NOT own');
       select pg_extension_config_dump('everything', '');
       select pg_extension_config_dump('counter', '');`,
    );
    await client.query(`set extension_control_path = '${folder}'; create schema zoo; create extension zoo`);
    const catalog = await readCatalog(client);
    expect(catalog.extensions.find(({ name }) => name === 'zoo')).toMatchObject({
      version: '1.2',
      schema: 'zoo',
      relocatable: false,
    });
    const tables = copyableTables(catalog).filter(({ schema }) => schema === 'zoo');
    expect(tables.map(({ name, extensionCondition }) => [name, extensionCondition])).toEqual([
      ['everything', undefined],
      ['settings', 'WHERE NOT own'],
    ]);
    expect(
      copyableSequences(catalog)
        .filter(({ schema }) => schema === 'zoo')
        .map(({ name }) => name),
    ).toEqual(['counter']);
    expect(catalog.relations.find(({ name }) => name === 'cache')?.extension).toBe('zoo');
  });

  it('reads the same through a pool as through a client', async () => {
    const pool = await openPool({ url: database.url, role: 'test' });
    expect(await readCatalog(pool)).toEqual(await readCatalog(client));
    await pool.end();
  });
});
