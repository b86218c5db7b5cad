// What belongs to a database as a whole, and what pg_dump therefore leaves out.
import { afterEach, expect, test } from 'vitest';
import { withDatabase } from '../../src/lib/base/postgres.ts';
import { testServer } from '../support/postgres.ts';
import { roundTrip, sql } from './round-trip.ts';

const made: string[] = [];

/** A database made by this statement's end; it goes after the test. */
async function database(name: string, creation = 'template template0'): Promise<string> {
  const { url } = await testServer();
  made.push(name);
  await sql(url, `create database "${name.replaceAll('"', '""')}" ${creation}`);
  return withDatabase(url, name);
}

afterEach(async () => {
  const { url } = await testServer();
  for (const name of made.splice(0))
    await sql(url, `drop database "${name.replaceAll('"', '""')}" with (force)`);
});

const properties = `select datcollate, datctype, datlocprovider, datlocale, daticurules, datconnlimit,
    pg_encoding_to_char(encoding) as encoding, pg_get_userbyid(datdba)::text as owner,
    shobj_description(oid, 'pg_database') as comment,
    (select array_agg(acl::text order by acl::text) from unnest(coalesce(datacl, acldefault('d', datdba))) acl) as acl,
    (select json_agg(json_build_array(setrole::regrole, setconfig) order by setrole)
       from pg_db_role_setting where setdatabase = d.oid) as settings,
    (select array_agg(nspname::text order by nspname) from pg_namespace where nspname !~ '^(pg_|information_)') as schemas
  from pg_database d where datname = current_database()`;

test('a database with everything in its name, and nothing in it, comes back', async () => {
  const url = await database(`it's "odd" ☃ back\\slash 50% %I $1 a;b=c, d/e&f+g`);
  await roundTrip(url, async (restored) => {
    expect(restored).toMatchObject({ schema: 'equal', rows: 0, tables: 0 });
  });
});

test('owner, privileges, limit, comment, settings and the lack of a schema public come back, however they are written', async () => {
  const url = await database('settings');
  const owner = '50% "owner" \\';
  const quoted = owner.replaceAll('"', '""');
  await sql(url, `create role "${quoted}"; create role "a, b"`);
  try {
    await sql(
      url,
      `alter database settings owner to "${quoted}";
       alter database settings connection limit 7;
       comment on database settings is E'100% %I \\n ''it''s''';
       revoke all on database settings from public;
       grant connect on database settings to "a, b" with grant option;
       alter database settings set search_path = "a, b", '', "$user", "Q""q";
       alter database settings set datestyle = 'German, DMY';
       alter database settings set work_mem = '5MB';
       alter database settings set "app.setting" = 'with '' and \\ and , and %I';
       alter database settings set default_transaction_read_only = on;
       alter role "a, b" in database settings set search_path = '';
       alter role "${quoted}" in database settings set application_name = '';
       drop schema public; create schema app;`,
    );
    const before = await sql(url, properties);
    await roundTrip(url, async (restored) => {
      expect(restored.schema).toBe('equal');
      expect(await sql(restored.url, properties)).toEqual(before);
    });
  } finally {
    const { url: server } = await testServer();
    await sql(server, `drop database settings with (force)`);
    made.splice(0);
    await sql(server, `drop role "${quoted}"; drop role "a, b"`);
  }
});

test.each([
  [
    'an ICU locale and rules',
    `locale_provider icu icu_locale 'de-u-co-phonebk' icu_rules '&V << w <<< W' locale 'C' encoding 'UTF8'`,
  ],
  ['the built-in provider', `locale_provider builtin builtin_locale 'C.UTF-8' encoding 'UTF8'`],
])('a database with %s comes back with it', async (_what, creation) => {
  const url = await database('locale', `template template0 ${creation}`);
  await sql(
    url,
    `create table t (name text primary key); insert into t values ('Ärger'), ('Arg'), ('w'), ('vz')`,
  );
  const before = await sql(url, properties);
  const sorted = await sql(url, 'select name from t order by name');
  await roundTrip(url, async (restored) => {
    expect(await sql(restored.url, properties)).toEqual(before);
    expect(await sql(restored.url, 'select name from t order by name')).toEqual(sorted);
  });
});

test.each([
  ['LATIN1', `'Grüße', E'caf\\u00e9'`],
  ['EUC_JP', `'日本語', 'カナ'`],
])('a database in %s comes back in it, names and functions too', async (encoding, values) => {
  const url = await database(
    'encoded',
    `template template0 encoding '${encoding}' locale 'C' locale_provider libc`,
  );
  const [first = ''] = values.split(',');
  const name = first.slice(1, -1);
  await sql(
    url,
    `create table "${name}" ("${name}" text default ${first}); insert into "${name}" select unnest(array[${values}]);
     create function note() returns text language sql as $$ select ${first}::text $$; comment on table "${name}" is ${first}`,
  );
  await roundTrip(url, async (restored) => {
    expect(restored).toMatchObject({ schema: 'equal', rows: 2 });
    expect(
      await sql(restored.url, `select note(), obj_description('"${name}"'::regclass, 'pg_class') as said`),
    ).toEqual([{ note: name, said: name }]);
    expect(await sql(restored.url, `select * from "${name}"`)).toEqual(
      await sql(url, `select * from "${name}"`),
    );
  });
});

test('event triggers that forbid a drop, count commands or refuse a login do not touch a restore', async () => {
  const url = await database('guarded');
  await sql(
    url,
    `create table seen (what text); create table t (id int); insert into t values (1);
     create function forbid() returns event_trigger language plpgsql as $$ begin raise exception 'never'; end $$;
     create function note() returns event_trigger language plpgsql as $$ begin insert into public.seen values (tg_tag); end $$;
     create function refuse() returns event_trigger language plpgsql as
       $$ begin if current_database() like 'round%' or current_database() like 'postern%' then raise exception 'no login'; end if; end $$;
     create event trigger forbids on sql_drop execute function forbid();
     alter event trigger forbids enable always;
     create event trigger counts on ddl_command_end execute function note();
     create event trigger refuses on login execute function refuse();
     alter event trigger refuses enable always;`,
  );
  await roundTrip(url, async (restored) => {
    expect(restored).toMatchObject({ schema: 'equal', rows: 1 });
    await expect(sql(restored.url, 'select 1')).rejects.toThrow('no login');
    const quiet = `${restored.url}?options=${encodeURIComponent('-c event_triggers=off')}`;
    expect(await sql(quiet, 'select * from seen')).toEqual([]);
    expect(await sql(quiet, 'select evtenabled from pg_event_trigger order by evtname')).toEqual([
      { evtenabled: 'O' },
      { evtenabled: 'A' },
      { evtenabled: 'A' },
    ]);
  });
});
