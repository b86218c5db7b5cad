import { afterAll, beforeAll, expect, test } from 'vitest';
import { previewBackup } from '../../src/lib/backup/preview.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { type BackupWorld, backupWorld } from '../support/backup-world.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

let platform: TestDatabase;
let world: BackupWorld;

// The owner of a database decides what its sessions begin with, and may put operators of his own before PostgreSQL's.
beforeAll(async () => {
  platform = await testDatabase();
  await withConnection({ url: platform.url, role: 'test' }, (client) =>
    client.query(`
      create schema trap;
      create table trap.sprung (by text);
      create function trap.never(oid, oid) returns boolean language plpgsql as $$ begin insert into trap.sprung values ('>'); return false; end $$;
      create operator trap.> (leftarg = oid, rightarg = oid, function = trap.never);
      create function trap.set_config(text, text, boolean) returns text language plpgsql as $$ begin insert into trap.sprung values ('set_config'); return $2; end $$;
      create function trap.current_setting(text) returns text language plpgsql as $$ begin insert into trap.sprung values ('current_setting'); return ''; end $$;
      create function trap.equal(name, name) returns boolean language plpgsql as $$ begin insert into trap.sprung values ('='); return false; end $$;
      create operator trap.= (leftarg = name, rightarg = name, function = trap.equal);
      create table public.t (id int primary key); insert into t values (1);
      select lo_from_bytea(0, 'kept');
      do $$ begin
        execute format('alter database %I set search_path = trap, pg_catalog, public', current_database());
        execute format('alter database %I set standard_conforming_strings = off', current_database());
      end $$;
      create sequence public."s_é";
    `),
  );
  world = await backupWorld({ platformUrl: platform.url });
});

afterAll(async () => {
  await world?.close();
  await platform?.drop();
});

test("nothing that the database's owner put in the way of names runs in a backup, or hides a row from it", async () => {
  expect(await previewBackup(world.context())).toMatchObject({ sources: [{ tables: 2 }] });
  expect(await runBackup(world.context())).toMatchObject({
    rows: 1,
    sources: [{ largeObjects: 1 }],
  });
  const sprung = await withConnection({ url: platform.url, role: 'test', database: 'foreign' }, (client) =>
    client.query('select * from trap.sprung'),
  );
  expect(sprung.rows).toEqual([]);
});
