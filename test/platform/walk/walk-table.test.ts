import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../../src/lib/base/postgres.ts';
import { readCatalog, relationsByName } from '../../../src/lib/platform/catalog/index.ts';
import { openPlatform } from '../../../src/lib/platform/connection.ts';
import { qualifiedName } from '../../../src/lib/platform/quote.ts';
import {
  type TextRow,
  type WalkableTable,
  type WalkOptions,
  walkableTable,
  walkQuery,
  walkTable,
} from '../../../src/lib/platform/walk/index.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';

/** A table's columns, its key, and what fills it; every table also gets `n`, which numbers its rows. */
const tables: Readonly<Record<string, readonly [columns: string, fill: string]>> = {
  bigint: ['id bigint primary key', 'select 9223372036854775807 - i * 3 from generate_series(0, 250) i'],
  composite: [
    'a int, b text, c uuid, primary key (a, b, c)',
    `select i % 3, chr(97 + i % 7), gen_random_uuid() from generate_series(0, 250) i`,
  ],
  'text in the database collation': [
    'k text primary key',
    `select x || i from unnest(array['a', 'B', 'é', 'Z', '_', 'ß', '', ' ', '\uFFFD']) x, generate_series(1, 28) i`,
  ],
  'text in an ICU collation': [
    'k text collate "de-x-icu" primary key',
    `select x || i from unnest(array['ä', 'Ae', 'a', 'B', 'o', 'Ö', '-']) x, generate_series(1, 36) i`,
  ],
  'text without case': [
    'k text collate mail_nocase, b int, primary key (k, b)',
    `select case when i % 2 = 0 then 'Anna' else 'aNNA' end, i from generate_series(0, 250) i`,
  ],
  'citext alone': [
    'k public.citext primary key',
    `select (case when i % 2 = 0 then 'K' else 'k' end) || '_[^'::text || i from generate_series(0, 250) i`,
  ],
  'citext and int': [
    'k public.citext, b int, primary key (k, b)',
    `select chr(65 + i % 2 * 32) || i % 4, i from generate_series(0, 250) i`,
  ],
  'domain over citext': [
    'k mail_address primary key',
    `select (case when i % 2 = 0 then 'K' else 'k' end) || '@' || i from generate_series(0, 250) i`,
  ],
  timestamptz: [
    'at timestamptz primary key',
    `select timestamptz '2024-03-31 00:59:59.999999+00' + i * interval '1 microsecond' from generate_series(0, 247) i union all values ('infinity'::timestamptz), ('-infinity'), ('0044-03-15 12:00:00 BC')`,
  ],
  'domain over date': [
    'd mail_day primary key',
    `select date '1999-12-31' + i from generate_series(0, 248) i union all values ('infinity'::date), ('4000-01-01 BC')`,
  ],
  numeric: [
    'x numeric primary key',
    `select i / 7.0 from generate_series(0, 248) i union all values ('NaN'::numeric), ('Infinity'::numeric)`,
  ],
  double: [
    'x float8 primary key',
    `select i / 7.0::float8 from generate_series(0, 248) i union all values ('NaN'::float8), ('-Infinity')`,
  ],
  bytea: [
    'k bytea primary key',
    `select decode(md5(i::text), 'hex') from generate_series(0, 249) i union all select ''::bytea`,
  ],
  enum: [
    's mail_state, b int, primary key (s, b)',
    `select (array['zulu', 'alpha', 'mike'])[1 + i % 3]::mail_state, i from generate_series(0, 250) i`,
  ],
  'fixed-width text': [
    'k character(6), b bit(8), primary key (k, b)',
    `select 'a' || i % 9, (i % 256)::bit(8) from generate_series(0, 250) i`,
  ],
  interval: [
    'k interval primary key',
    `select i * interval '1 month 3 days 00:00:00.000001' from generate_series(0, 250) i`,
  ],
  array: ['k int[] primary key', `select array[i % 5, i] from generate_series(0, 250) i`],
  boolean: [
    'k boolean, b "char", c int, primary key (k, b, c)',
    `select i % 2 = 0, chr(65 + i % 3)::"char", i from generate_series(0, 250) i`,
  ],
  inet: ['k inet primary key', `select inet '10.0.0.0' + i from generate_series(0, 250) i`],
  'unique not null': [
    'k int not null unique deferrable, other int unique',
    'select i, null from generate_series(0, 250) i',
  ],
  'key in another order': [
    '"B c" int, "a.B" int, primary key ("a.B", "B c")',
    'select i % 10, i from generate_series(0, 250) i',
  ],
};

describe('the keyset walk', () => {
  let database: TestDatabase;
  let admin: Client;
  let client: Client;

  beforeAll(async () => {
    database = await testDatabase();
    admin = await connect({ url: database.url, role: 'test' });
    await admin.query(`create extension citext schema public;
      create collation mail_nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      create domain mail_address as public.citext check (value::text ~ '@');
      create domain mail_day as date;
      create type mail_state as enum ('zulu', 'alpha', 'mike')`);
    for (const [name, [columns, fill]] of Object.entries(tables)) {
      await admin.query(`create table "${name}" (${columns}, n int generated always as identity)`);
      await admin.query(`insert into "${name}" ${fill}`);
    }
    await admin.query(`
      create table parted (id int, at date, primary key (id, at)) partition by range (at);
      create table parted_1 partition of parted for values from ('2024-01-01') to ('2025-01-01');
      create table parted_2 partition of parted for values from ('2025-01-01') to ('2026-01-01');
      insert into parted select i, date '2024-06-01' + i from generate_series(1, 300) i;
      create table parent (id int primary key);
      create table child (primary key (id)) inherits (parent);
      insert into parent select generate_series(1, 10);
      insert into child select generate_series(5, 20);
      create table keyless (id int unique, other int not null);
      create unique index on keyless (other) where id > 0;
      create view watched as select 1 as id;
      create table large (tenant text, id bigint, body text, primary key (tenant, id));
      insert into large select 't' || i % 10, i, repeat('x', 100) from generate_series(1, 20000) i;
      analyze`);
    client = await openPlatform(database.url, { purpose: 'walk test' });
  });
  afterAll(async () => {
    await client?.end();
    await admin?.end();
    await database?.drop();
  });

  const find = async (name: string): Promise<WalkableTable> => {
    const relation = relationsByName(await readCatalog(client)).get(qualifiedName('public', name));
    if (relation === undefined) throw new Error(`no ${name}`);
    return walkableTable(relation);
  };
  const collect = async (
    table: WalkableTable,
    options: WalkOptions,
    db = client,
  ): Promise<readonly TextRow[]> => {
    const rows: TextRow[] = [];
    for await (const batch of walkTable(db, table, options)) rows.push(...batch.rows);
    return rows;
  };

  it.each(Object.keys(tables))('sees every row once and in order, by a key of %s', async (name) => {
    const table = await find(name);
    const order = table.key.map((column) => `"${column.name}"`).join(', ');
    const expected = await client.query(`select n from public."${name}" order by ${order}`);
    const seen = (await collect(table, { columns: ['n'], batchSize: 17 })).map(({ n }) => Number(n));
    expect(seen.length).toBeGreaterThan(250);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expected.rows.map(({ n }) => n));
  });

  it.each(Object.keys(tables))(
    'resumes in another session from a key that went through JSON, by a key of %s',
    async (name) => {
      const table = await find(name);
      const whole = await collect(table, { columns: ['n'], batchSize: 1000 });
      const other = await openPlatform(database.url);
      await other.query(
        `set datestyle = 'SQL, DMY'; set timezone = 'Australia/Lord_Howe'; set search_path = public; set bytea_output = escape`,
      );
      for (const [first, second] of [
        [client, other],
        [other, client],
      ] as const) {
        for await (const { lastKey } of walkTable(first, table, { columns: ['n'], batchSize: 100 })) {
          const after = JSON.parse(JSON.stringify(lastKey));
          const rest = await collect(table, { columns: ['n'], batchSize: 50, after }, second);
          expect(rest).toEqual(whole.slice(100));
          break;
        }
      }
      await other.end();
    },
  );

  it('gives values as text that loses nothing', async () => {
    const [row] = await collect(await find('timestamptz'), {
      columns: ['at'],
      batchSize: 5,
      where: { text: 'at > $1', values: ['2024-03-31 00:59:59.999999+00'] },
    });
    expect(row).toEqual({ at: '2024-03-31 01:00:00+00' });
    const [big] = await collect(await find('bigint'), {
      columns: ['id', 'n'],
      where: { text: 'n = $1', values: [1] },
    });
    expect(big).toEqual({ id: '9223372036854775807', n: '1' });
  });

  it('keeps a condition with "or" together', async () => {
    const where = { text: 'n < $1 or n > $2', values: [3, 249] };
    expect(await collect(await find('bigint'), { columns: [], batchSize: 2, where })).toHaveLength(4);
  });

  it('walks a partitioned table with its partitions, and a parent without its children', async () => {
    expect(await collect(await find('parted'), { columns: ['id'], batchSize: 7 })).toHaveLength(300);
    expect(await collect(await find('parent'), { columns: ['id'], batchSize: 3 })).toHaveLength(10);
    expect(await collect(await find('child'), { columns: ['id'], batchSize: 3 })).toHaveLength(16);
  });

  it('yields nothing for an empty rest, and stops after a last batch that is exactly full', async () => {
    const table = await find('parent');
    expect(await collect(table, { columns: ['id'], after: ['10'] })).toEqual([]);
    expect(await collect(table, { columns: ['id'], batchSize: 5 })).toHaveLength(10);
  });

  it.each(['large', 'citext and int', 'timestamptz', 'text in an ICU collation'])(
    'finds each batch by the index, in order, without a sort: %s',
    async (name) => {
      const table = await find(name);
      let after: readonly string[] = [];
      for await (const { lastKey } of walkTable(client, table, { columns: [], batchSize: 100 })) {
        after = lastKey;
        break;
      }
      const { text, values } = walkQuery(table, { columns: [], batchSize: 100, after });
      await client.query('set enable_seqscan = off; set enable_bitmapscan = off');
      const { rows } = await client.query({
        text: `explain (costs off) ${text}`,
        values: [...values],
        rowMode: 'array',
      });
      await client.query('reset enable_seqscan; reset enable_bitmapscan');
      const plan = rows.map(([line]) => String(line)).join('\n');
      expect(plan).toMatch(/Index (Only )?Scan using/);
      expect(plan).toMatch(/Index Cond:/);
      expect(plan).not.toMatch(/Sort|Seq Scan/);
    },
  );

  it('chooses the index by itself on a table of some size, however far it has come', async () => {
    const { text, values } = walkQuery(await find('large'), {
      columns: ['body'],
      batchSize: 100,
      after: ['t5', '10000'],
    });
    const { rows } = await client.query({
      text: `explain (analyze, costs off, timing off, buffers) ${text}`,
      values: [...values],
      rowMode: 'array',
    });
    const plan = rows.map(([line]) => String(line)).join('\n');
    expect(plan).toMatch(/Index Scan using large_pkey/);
    expect(plan).not.toMatch(/Rows Removed/);
  });

  it('refuses a table without a key, a view, and options that make no sense', async () => {
    await expect(find('keyless')).rejects.toMatchObject({ exitCode: 2, code: 'table-without-key' });
    await expect(find('watched')).rejects.toMatchObject({ exitCode: 2, code: 'table-without-key' });
    const table = await find('composite');
    for (const options of [{ batchSize: 0 }, { batchSize: 1.5 }, { after: ['1'] }]) {
      await expect(collect(table, { columns: [], ...options })).rejects.toMatchObject({
        code: 'walk-options',
      });
    }
  });

  it('says so when a SQL_ASCII database holds text that is no UTF-8', async () => {
    const ascii = await testDatabase({ encoding: 'SQL_ASCII' });
    const db = await connect({ url: ascii.url, role: 'test' });
    await db.query(
      String.raw`create table t (k text primary key); insert into t values ('fine'), (E'caf\351')`,
    );
    const table: WalkableTable = {
      schema: 'public',
      name: 't',
      kind: 'table',
      key: [{ name: 'k', type: 'text' }],
    };
    await expect(collect(table, { columns: [] }, db)).rejects.toMatchObject({
      code: 'text-encoding',
      exitCode: 1,
    });
    await db.query(`delete from t where k <> 'fine'`);
    expect(await collect(table, { columns: ['k'] }, db)).toEqual([{ k: 'fine' }]);
    await db.end();
    await ascii.drop();
  });
});
