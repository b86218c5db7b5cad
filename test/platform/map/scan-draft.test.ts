import { describe, expect, it } from 'vitest';
import { sealColumnValue } from '../../../src/lib/crypto/column-value.ts';
import { testDatabase } from '../../support/postgres.ts';
import { drafted } from './drafted.ts';
import { scanWorld } from './scan-fixture.ts';
import { canary } from './scan-schemas/planted.ts';

describe('references', () => {
  it('breaks a ring in which nothing may be NULL by a row that stands for itself', async () => {
    const { map, rules } = await drafted(`
      create table a (id int primary key, b_id int not null); create table b (id int primary key, a_id int not null references a);
      alter table a add foreign key (b_id) references b; create table c (id int primary key, a_id int references a, b_id int references b)`);
    expect(rules).toEqual([]);
    expect([map.tables['public.a']?.owner, map.tables['public.b']?.owner]).toContainEqual(['self']);
    expect(map.tables['public.c']?.owner).toBeUndefined();
  });

  it('keeps the other owners of a table whose reference closes a ring', async () => {
    const { map, rules } = await drafted(`
      create table a (id int primary key, b_id int, z_id int not null); create table z (id int primary key);
      create table b (id int primary key, a_id int not null references a on delete cascade);
      alter table a add foreign key (b_id) references b, add foreign key (z_id) references z`);
    expect(rules).toEqual([]);
    expect(map.tables['public.a']?.owner).toEqual(['z']);
  });

  it('breaks a ring where no foreign key is, before it takes one away', async () => {
    const { map, rules } = await drafted(`
      create table a_staff (id int primary key, box_id int not null); create table box (id int primary key, a_staff_id int references a_staff);
      insert into a_staff values (1, 1); insert into box values (1, 1)`);
    expect(rules).toEqual([]);
    expect(map.tables['public.a_staff']).toMatchObject({
      owner: ['self'],
      references: [{ column: 'box_id', kind: 'soft' }, { as: 'self' }],
    });
    expect(map.tables['public.box']?.owner).toBeUndefined();
  });

  it('takes a name that the map allows where a column has none, each of its own', async () => {
    const { map, rules } = await drafted(`
      create table "Org" ("orgId" int primary key); create table "M" (id int primary key, "orgId" int references "Org", "OrgID" int references "Org",
      org_id int references "Org", org int references "Org", "1" int references "Org", "ß" int references "Org")`);
    expect(rules).toEqual([]);
    const names = map.tables['public.M']?.references?.map(
      ({ as, column }) => as ?? String(column).replace(/_id$/, ''),
    );
    expect(new Set(names).size).toBe(6);
    for (const name of names ?? []) expect(name).toMatch(/^[a-z][a-z0-9_-]*$/);
  });

  it('drafts a partition of its own where a foreign key names it', async () => {
    const { map, rules, text } = await drafted(`
      create table p (id int primary key) partition by range (id); create table p1 partition of p for values from (0) to (10);
      create table p2 partition of p for values from (10) to (20); create table x (id int primary key, p int references p1)`);
    expect(rules).toEqual([]);
    expect(Object.keys(map.tables)).toEqual(['public.p', 'public.p1', 'public.x']);
    expect(text).toContain('# a partition of public.p, which a foreign key names by itself');
  });

  it('takes a unique index for the key of a table that has none, where nothing of it may be NULL', async () => {
    const { map, rules } = await drafted(`
      create table part (list int not null, nr int not null); create unique index on part (list, nr);
      create table loose (list int, nr int not null); create unique index on loose (list, nr)`);
    expect(map.tables['public.part']?.primary_key).toEqual(['list', 'nr']);
    expect(map.tables['public.loose']?.primary_key).toBeUndefined();
    expect(rules).toEqual(['MAP05']);
  });

  it('asks for 99 of 100 values, not for a name alone', async () => {
    const rows = (missing: number): string => `
      create table account (id int primary key); insert into account select generate_series(1, 400);
      create table letter (id int primary key, account_id int); insert into letter select n, n + ${missing} from generate_series(1, 400) n`;
    expect((await drafted(rows(4))).map.tables['public.letter']?.references).toEqual([
      { column: 'account_id', to: 'public.account.id', kind: 'soft' },
    ]);
    expect((await drafted(rows(5))).map.tables['public.letter']?.references).toBeUndefined();
  });

  it('does not take a number that a table gives its rows for a reference', async () => {
    const { map } = await drafted(`
      create table mail (id int primary key); create table mail_part (mail_id int generated always as identity primary key, n int);
      create table mail_tag (mail_id serial primary key); insert into mail select generate_series(1, 9); insert into mail_part (n) select generate_series(1, 9)`);
    expect(map.tables['public.mail_part']?.references).toBeUndefined();
    expect(map.tables['public.mail_tag']?.references).toBeUndefined();
  });
});

describe('triggers', () => {
  const effectOf = async (
    body: string,
    timing = 'before update',
    language = 'plpgsql',
  ): Promise<string | undefined> => {
    const { map } = await drafted(`
      create table t (id int primary key, a text, at timestamptz); create table other (a text);
      create function f() returns trigger language ${language} as $f$${body}$f$;
      create trigger g ${timing} on t for each row execute function f()`);
    return map.triggers?.['public.t.g']?.effect;
  };

  it.each([
    'begin new.at := now(); return new; end',
    'BEGIN\n  -- a note; delete from other\n  NEW.at = clock_timestamp();\n  NEW.a := lower(btrim(NEW.a)); /* and */ RETURN NEW;\nEND;',
    "begin new.a := 'x;y'; return new; end",
  ])('changes the row only: %j', async (body) => expect(await effectOf(body)).toBe('changes-row'));

  it.each([
    ['begin insert into other values (new.a); return new; end', 'before update'],
    ['begin new.a := spread(new.a); return new; end', 'before update'],
    ['begin new.a := (select max(a) from other); return new; end', 'before update'],
    ["begin new.a := 'x--'; delete from other; new.a := '\n'; return new; end", 'before update'],
    ['begin perform pg_notify(new.a, new.a); return new; end', 'before update'],
    ['begin return null; end', 'before update'],
    ['begin new.at := now(); return new; end', 'after update'],
    ['declare x int; begin new.at := now(); return new; end', 'before update'],
    ["begin execute 'delete from other'; return new; end", 'before update'],
  ])('is left to a person: %j, %s', async (body, timing) =>
    expect(await effectOf(body, timing)).toBe('TODO'),
  );

  it("knows PostgreSQL's own", async () => {
    const { map } = await drafted(`create table t (id int primary key, a text, v tsvector);
      create trigger g before insert on t for each row execute function tsvector_update_trigger(v, 'pg_catalog.simple', a);
      create trigger h before update on t for each row execute function suppress_redundant_updates_trigger()`);
    expect(map.triggers).toEqual({
      'public.t.g': { effect: 'changes-row' },
      'public.t.h': { effect: 'none' },
    });
  });
});

describe('encrypted columns', () => {
  const [one, two] = ['01234567-89ab-4cde-8f01-23456789abcd', '11234567-89ab-4cde-8f01-23456789abcd'];
  const sealed = (id: string): string =>
    `'\\x${sealColumnValue(Buffer.from(canary), { id, dataKey: Buffer.alloc(32, 1) }, { table: 't', column: 'c', primaryKey: ['1'], subject: '' }).toString('hex')}'`;
  const platform = (state = 'active'): string => `
    create table account (id int primary key, secret bytea);
    create table vault (id uuid primary key, account_id int not null references account, generation int not null, state text not null, master_key text not null, wrapped bytea not null, created_at timestamptz);
    create table box (id int primary key, account_id int not null references account);
    create table letter (id int primary key, box_id int references box, body bytea, copy text);
    insert into account values (1, ${sealed(one)}), (2, null); insert into box values (1, 1), (2, 2);
    insert into vault values ('${one}', 1, 1, '${state}', 'kms-1', '\\x00'), ('${two}', 2, 1, 'destroyed', 'kms-1', '\\x00');
    insert into letter values (1, 1, ${sealed(one)}, encode(${sealed(one)}::bytea, 'base64')), (2, 2, ${sealed(two)}, null);`;

  it('says the keyring and the way to the key where they are certain', async () => {
    const { map, rules, text } = await drafted(platform());
    expect(rules).toEqual([]);
    expect(map.keyrings).toEqual({
      'public.vault': {
        id: 'id',
        subject: 'account_id',
        version: 'generation',
        state: 'state',
        kek: 'master_key',
        wrapped: 'wrapped',
        created: 'created_at',
      },
    });
    expect(map.tables['public.letter']?.fields?.['body']).toMatchObject({
      encrypted: { dek: 'public.vault.wrapped', by: 'box.account' },
      erase: 'shred',
    });
    expect(map.tables['public.account']?.fields?.['secret']).toMatchObject({
      encrypted: { dek: 'public.vault.wrapped', by: 'self' },
    });
    // Only bytea is what postern reads.
    expect(map.tables['public.letter']?.fields?.['copy']).toEqual({ type: 'text', category: 'TODO' });
    expect(text).toContain(
      '# 1 of 1 value read are encrypted by postern; whose key each is under could not be told',
    );
  });

  it('says neither where a state is none of a key', async () => {
    const { map, rules } = await drafted(platform('asleep'));
    expect(rules).toEqual([]);
    expect(map.keyrings).toBeUndefined();
    expect(map.tables['public.letter']?.fields?.['body']).toEqual({ type: 'bytea', category: 'TODO' });
  });

  it('says no way where a value names a key that the keyring does not have', async () => {
    const stranger = '21234567-89ab-4cde-8f01-23456789abcd';
    const { map, rules } = await drafted(
      `${platform()}; insert into letter values (3, 2, ${sealed(stranger)})`,
    );
    expect(rules).toEqual([]);
    expect(map.keyrings).toBeDefined();
    expect(map.tables['public.letter']?.fields?.['body']).toEqual({ type: 'bytea', category: 'TODO' });
  });
});

describe('columns', () => {
  it('takes an extension’s tables, views and empty databases for what they are', async () => {
    const { map, rules } =
      await drafted(`create table t (id int primary key, mail text); create view v as select * from t;
      create materialized view w as select * from t with no data; create materialized view u as select id, mail from t; create unique index on u (id)`);
    expect(rules).toEqual([]);
    expect(Object.keys(map.tables)).toEqual(['public.t', 'public.u', 'public.w']);
    expect(map.tables['public.u']?.primary_key).toEqual(['id']);
    expect((await drafted('select 1')).map.tables).toEqual({});
  });

  it('is told what a name or a type suggests, and what is left open', async () => {
    const { map, rules } =
      await drafted(`create table t (id int primary key, "userPhone" text, phone_count int, date_of_birth date, seen_at timestamptz,
      client inet, has_password boolean, api_token uuid, peer uuid, photo oid, size numeric(10,2), "Given Name" varchar(9) not null)`);
    expect(rules).toEqual([]);
    const table = map.tables['public.t'];
    expect(table?.non_personal).toEqual(['phone_count', 'seen_at', 'has_password', 'size']);
    expect(table?.fields).toMatchObject({
      userPhone: { category: 'user.contact.phone_number', erase: 'set-null' },
      date_of_birth: { category: 'user.demographic.date_of_birth' },
      client: { category: 'user.device.ip_address' },
      api_token: { category: 'user.authorization.credentials' },
      peer: { category: 'TODO' },
      photo: { category: 'TODO' },
      'Given Name': { category: 'user.name', erase: 'TODO' },
    });
  });

  it('reads the other columns where one cannot be, and does not repeat an error that quotes a value', async () => {
    const world =
      await scanWorld(`create table t (id int primary key, mail text, number text generated always as (mail::int::text) virtual);
      insert into t (id, mail) values (1, '${canary}@example.org')`);
    const scan = await world.scan();
    await world.database.drop();
    expect(scan.unseen).toEqual([
      { table: 'public.t', column: 'number', reason: 'the server refused with SQLSTATE 22P02' },
    ]);
    expect(scan.text).toContain(
      '      mail: {type: text, category: user.contact.email, identity: person.email',
    );
    expect(scan.text).toContain('      # not read; low\n      number: {type: text, category: TODO}');
    expect(JSON.stringify(scan)).not.toContain(canary);
  });

  it('reads a database whose text is in bytes of no known encoding', async () => {
    const database = await testDatabase({ encoding: 'SQL_ASCII' });
    const ascii = await scanWorld(
      `create table t (id int primary key, latin text, list text[]);
       insert into t select n, convert_from('\\x4af672670a'::bytea || '${canary}@example.org'::bytea, 'SQL_ASCII'), array['${canary}@example.org'] from generate_series(1, 3) n`,
      database.name,
    );
    try {
      const scan = await ascii.scan();
      expect(scan.unseen).toEqual([]);
      const found = scan.proposals.filter(({ what }) => what === 'personal').map(({ column }) => column);
      expect(found).toEqual(['latin', 'list']);
      expect(JSON.stringify(scan)).not.toContain(canary);
    } finally {
      await ascii.database.drop();
      await database.drop();
    }
  });
});
