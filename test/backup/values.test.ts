// Rows and tables that the zoo has not: what a session, a database or a copy in ranges could change.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runBackup } from '../../src/lib/backup/run.ts';
import { withDatabase } from '../../src/lib/base/postgres.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { backupWorld } from '../support/backup-world.ts';
import { type TestDatabase, testDatabase, testServer } from '../support/postgres.ts';
import { manifestOf, tablesNow } from './restored-equals.ts';
import { restoreSet, roundTrip, sql } from './round-trip.ts';

let platform: TestDatabase;

beforeEach(async () => {
  platform = await testDatabase();
});

afterEach(() => platform?.drop());

test('settings of the database that change how values are written change nothing of the backup', async () => {
  await sql(
    platform.url,
    `create schema app; create table app.orders (id int); create function app.check_it() returns int language sql as 'select 1';
     create table app.every_kind (relation regclass, routine regproc, kind regtype, schema regnamespace,
       day timestamptz, span interval, cash money, bytes bytea, real float8, list text[], document xml);
     create type app."Kind" as enum ('a');
     create table app.dated (at timestamptz default '2026-03-01 00:00+00', bytes bytea default '\\x00ff', cash money default '1.5'::money)
       partition by range (at);
     create table app.march partition of app.dated for values from ('2026-03-01 00:00+00') to ('2026-04-01 00:00+00');
     insert into app.every_kind values ('app.orders', 'app.check_it', 'app."Kind"', 'app',
       '2026-03-01 02:03:04.5+00', '1 year 2 days 03:04:05', 12.34, '\\x00ff5c', 0.1::float8 + 0.2::float8, '{NULL,"NULL",a}', '<a/>');
     create table app."Some Thing" (id int); insert into app.every_kind (relation) values ('app."Some Thing"');
     alter database ${platform.name} set search_path = app, public;
     alter database ${platform.name} set quote_all_identifiers = on;
     alter database ${platform.name} set datestyle = 'German, DMY';
     alter database ${platform.name} set intervalstyle = 'iso_8601';
     alter database ${platform.name} set bytea_output = 'escape';
     alter database ${platform.name} set extra_float_digits = -10;
     alter database ${platform.name} set timezone = 'Asia/Kathmandu';
     alter database ${platform.name} set standard_conforming_strings = off;
     alter database ${platform.name} set backslash_quote = on;
     alter database ${platform.name} set array_nulls = off;
     alter database ${platform.name} set default_transaction_isolation = 'serializable';
     alter database ${platform.name} set default_transaction_read_only = on;
     alter database ${platform.name} set statement_timeout = '1ms';
     alter database ${platform.name} set xmloption = 'document';`,
  );
  const quiet = `?options=${encodeURIComponent('-c statement_timeout=0')}`;
  const every = 'select every_kind::text from app.every_kind order by 1';
  await roundTrip(platform.url, async (restored) => {
    expect(restored).toMatchObject({ schema: 'equal', rows: 2 });
    expect(await sql(restored.url + quiet, every)).toEqual(await sql(platform.url + quiet, every));
  });
});

test('a table of 1,600 columns, empty tables, unlogged ones and ones without columns come back', async () => {
  const columns = Array.from({ length: 1600 }, (_, index) => `"column ${index}" "char"`).join(', ');
  await sql(
    platform.url,
    `create table wide (${columns}); insert into wide ("column 0", "column 1599") values ('a', 'z');
     create table empty (id int primary key); create table nothing (); insert into nothing default values;
     create table only_generated (a int generated always as (1) stored); insert into only_generated default values;
     create unlogged table fleeting (id int); insert into fleeting values (1);
     create table dropped (a int, b int, c int); insert into dropped values (1, 2, 3); alter table dropped drop b;`,
  );
  await roundTrip(platform.url, async (restored) => {
    expect(restored).toMatchObject({ schema: 'equal', tables: 6, rows: 5 });
    expect(await sql(restored.url, 'select "column 0" as first, "column 1599" as last from wide')).toEqual([
      { first: 'a', last: 'z' },
    ]);
    expect(await sql(restored.url, 'select * from dropped')).toEqual([{ a: 1, c: 3 }]);
  });
});

test('partitions and children in other schemas, attached with their columns in another order, come back', async () => {
  await sql(
    platform.url,
    `create schema "part 1"; create schema old;
     create table events (id int, at date, note text) partition by range (at);
     create table "part 1".events (note text, id int, at date not null);
     insert into "part 1".events values ('first', 1, '2026-01-05');
     alter table events attach partition "part 1".events for values from ('2026-01-01') to ('2026-02-01');
     create table old.events partition of events default partition by hash (id);
     create table old.events_0 partition of old.events for values with (modulus 1, remainder 0);
     insert into events values (2, '2020-01-01', 'old');
     create table parent (id int); create table old.child (more text) inherits (parent);
     insert into parent values (1); insert into old.child values (2, 'x');`,
  );
  await roundTrip(platform.url, async (restored) => {
    expect(restored).toMatchObject({ schema: 'equal', rows: 4 });
    expect(await sql(restored.url, 'select id, note from events order by id')).toEqual([
      { id: 1, note: 'first' },
      { id: 2, note: 'old' },
    ]);
    expect(await sql(restored.url, 'select id from parent order by id')).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await sql(restored.url, 'select id from only parent')).toEqual([{ id: 1 }]);
  });
});

test('a table that is read in many ranges while its rows move, come and go is copied as it was', async () => {
  await sql(
    platform.url,
    `create table busy (id int primary key, text text) with (fillfactor = 70);
     insert into busy select n, repeat(md5(n::text), 3) from generate_series(1, 20000) n;
     delete from busy where id % 7 = 0; create table other (id int); insert into other values (1)`,
  );
  const world = await backupWorld({ platformUrl: platform.url });
  let puts = 0;
  const store: ObjectStore = {
    ...world.sets.store,
    put: async (key, body, options) => {
      puts += 1;
      if (puts <= 10) {
        await sql(
          platform.url,
          `update busy set text = 'moved ' || id where id % 10 = ${puts - 1}; delete from busy where id % 11 = ${puts};
           insert into busy select 100000 * ${puts} + n, 'new' from generate_series(1, 500) n`,
        );
        await sql(platform.url, 'vacuum busy');
      }
      return world.sets.store.put(key, body, options);
    },
  };
  const database = `ranges_${process.pid}`;
  try {
    const [before] = await sql(platform.url, `select count(*)::int as rows from busy`);
    const quiet = await runBackup(world.context({ options: { workers: 1 } }));
    const expected = await manifestOf(world, quiet.setId);
    const run = await runBackup(
      world.context({
        sets: { ...world.sets, store },
        options: { rangeBytes: 2 ** 17, partSize: 2 ** 14, workers: 1 },
      }),
    );
    const manifest = await manifestOf(world, run.setId);
    expect(manifest.tables).toEqual(expected.tables);
    expect(manifest.tables.find(({ name }) => name === 'busy')).toMatchObject(before ?? {});
    expect(manifest.files.filter(({ blocks }) => blocks !== undefined).length).toBeGreaterThan(10);
    expect(puts).toBeGreaterThan(10);
    expect(await restoreSet(world, run.setId, database)).toMatchObject({ schema: 'equal' });
    const { url } = await testServer();
    expect(await tablesNow(withDatabase(url, database), manifest)).toEqual(expected.tables);
  } finally {
    await sql((await testServer()).url, `drop database if exists ${database} with (force)`);
    await world.close();
  }
});
