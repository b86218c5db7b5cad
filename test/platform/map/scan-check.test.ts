import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sealColumnValue } from '../../../src/lib/crypto/column-value.ts';
import { dataRules } from '../../../src/lib/platform/map/scan/check-data.ts';
import { objectRule } from '../../../src/lib/platform/map/scan/object/check-objects.ts';
import { projectRoot } from '../../support/cli.ts';
import { platformMap, platformSql } from './fixture.ts';
import { type ScanWorld, scanWorld } from './scan-fixture.ts';
import { canary } from './scan-schemas/planted.ts';

const address = `'${canary}@example.org'`;
const id = '01234567-89ab-4cde-8f01-23456789abcd';
const sealed = `'\\x${sealColumnValue(
  Buffer.from(canary),
  { id, dataKey: Buffer.alloc(32, 1) },
  { table: 't', column: 'c', primaryKey: ['1'], subject: '' },
).toString('hex')}'`;

/** Rows in which there is nothing to find. */
const clean = `
insert into tenants values ('${id}', 'a customer');
insert into accounts values ('${id}', '${id}', 'Ann', ${address}, now());
insert into subject_keys values ('${id}', '${id}', 1, 'active', 'kms-1', '\\x00');
insert into mailboxes values ('${id}', '${id}', '${id}', null, ${address});
insert into contacts values ('${id}', ${address}, '1');
insert into messages values (1, '${id}', '${id}', ${address}, array[${address}], 'To: ' || ${address},
  jsonb_build_object('rcpt', jsonb_build_array(jsonb_build_object('addr', ${address}))), ${sealed}, 1, now());
insert into schema_migrations values ('1');
insert into audit values (1, '2025-02-02', '${id}');
`;

interface Case {
  readonly when: string;
  readonly sql?: string;
  readonly change?: readonly [from: string, to: string];
  /** Rule, place in the map, and a part of the message; absent: nothing is found. */
  readonly says?: readonly [rule: string, path: string, message: string];
}

const cases: readonly Case[] = [
  { when: 'nothing is wrong' },
  {
    when: 'a column that is listed as non_personal holds an address',
    sql: `update tenants set name = 'ask ' || ${address}`,
    says: [
      'DATA01',
      'tables public.tenants non_personal 0',
      'public.tenants.name is not called personal: addresses in 1 of 1 value read, in clear, inside text',
    ],
  },
  {
    when: 'an ignored table holds an address',
    sql: `insert into schema_migrations values (encode(convert_to(${address}, 'UTF8'), 'base64'))`,
    says: [
      'DATA01',
      'ignore 0',
      'public.schema_migrations.version is not called personal: addresses in 1 of 2 values read, in base64',
    ],
  },
  {
    when: 'an ignored schema holds an address',
    sql: `create schema extra; create table extra.t (a text); insert into extra.t values (${address})`,
    change: ['ignore:\n', 'ignore:\n  - {schema: extra, reason: nothing in it}\n'],
    says: ['DATA01', 'ignore 0', 'extra.t.a is not called personal'],
  },
  {
    when: 'a part of the primary key holds an address',
    sql: `insert into schema_migrations values (${address})`,
    change: [
      'tables:\n',
      'tables:\n  public.schema_migrations: {primary_key: [version], ownership: third-party}\n',
    ],
    says: ['DATA01', 'tables public.schema_migrations primary_key 0', 'in 1 of 2 values'],
  },
  {
    when: 'a field of the system holds an address',
    sql: `update tenants set name = ${address}`,
    change: ['    non_personal: [name]', '    fields: {name: {type: text, category: system.operations}}'],
    says: ['DATA01', 'tables public.tenants fields name', 'each the whole of it'],
  },
  {
    when: 'a person said that what looks like an address is none',
    sql: `update tenants set name = ${address}`,
    change: [
      '    non_personal: [name]',
      '    fields: {name: {type: text, category: system.operations, erase: {keep: names of packages}}}',
    ],
  },
  {
    when: 'a reference holds what it leads to, an identity',
    sql: `update messages set sender_ref = upper(sender_ref)`,
  },
  {
    when: 'a reference leads to what is not personal',
    sql: `update tenants set name = 'x'; update messages set sender_ref = ${address}`,
    change: [
      'to: public.contacts.email, kind: soft, fold: lower',
      'to: public.tenants.name, kind: soft, fold: lower',
    ],
    says: ['DATA01', 'tables public.messages references 1', 'public.messages.sender_ref'],
  },
  {
    when: 'a JSON document has an address where the map lists none',
    sql: `update messages set meta = meta || jsonb_build_object('headers', jsonb_build_object('from', ${address}))`,
    says: [
      'DATA02',
      'tables public.messages fields meta',
      'addresses at $.headers.from, which the map does not list, in 1 of 1 value',
    ],
  },
  {
    when: 'a JSON document of which all is personal has an address anywhere',
    sql: `update messages set meta = meta || jsonb_build_object('headers', jsonb_build_object('from', ${address}))`,
    change: ['meta: {type: jsonb,', 'meta: {type: jsonb, category: user.content,'],
  },
  {
    when: 'values are encrypted where the map does not say so',
    sql: `update accounts set email_odd = ${sealed}`,
    says: [
      'DATA03',
      'tables public.accounts fields email_odd',
      'public.accounts.email_odd is not called encrypted: 1 of 1 values read are encrypted by postern',
    ],
  },
  {
    when: 'values are encrypted in a personal text column, as base64',
    sql: `update accounts set name = encode(${sealed}::bytea, 'base64')`,
    says: ['DATA03', 'tables public.accounts fields name', 'public.accounts.name'],
  },
];

describe('the check of the data', () => {
  let world: ScanWorld;
  beforeAll(async () => {
    world = await scanWorld(`${platformSql}; ${clean}`);
  });
  afterAll(() => world?.database.drop());

  it.each(cases)('when $when', async ({ sql = '', change = ['', ''], says }) => {
    expect(platformMap).toContain(change[0]);
    const own = await scanWorld(sql, world.database.name);
    try {
      const { findings, unseen } = await own.check(platformMap.replace(change[0], () => change[1]));
      expect(unseen).toEqual([]);
      expect(findings.map(({ rule, path }) => [rule, path.join(' ')])).toEqual(
        says === undefined ? [] : [[says[0], says[1]]],
      );
      if (says !== undefined) expect(findings[0]?.message).toContain(says[2]);
      expect(JSON.stringify(findings)).not.toContain(canary);
    } finally {
      await own.database.drop();
    }
  });

  it('says which tables and columns it could not look at, and why, and no value', async () => {
    const role = `blind_${process.pid}`;
    await world.sql(`create role ${role} login password 'x'; grant usage on schema public to ${role};
      grant select on all tables in schema public to ${role}; revoke select on mailboxes, messages from ${role};
      grant select (id, name) on mailboxes to ${role}; alter table contacts enable row level security;
      create policy shown on contacts using (email <> ${address})`);
    try {
      const url = new URL(world.database.url);
      url.username = role;
      url.password = 'x';
      const blind = platformMap
        .replace(
          '    fields:\n      name: {type: varchar, category: user.content}',
          '    non_personal: [name]',
        )
        .replace('category: user.contact.phone_number', 'category: system.operations');
      const { findings, unseen } = await world.check(blind, url.href);
      expect(unseen).toEqual([
        {
          table: 'public.contacts',
          column: null,
          reason: 'permission denied, or rows that row security hides from this role',
        },
        { table: 'public.messages', column: null, reason: 'permission denied' },
      ]);
      expect(findings.map(({ path }) => path.join(' '))).toEqual(['tables public.mailboxes non_personal 0']);
      const scan = await world.scan({ url: url.href });
      expect(scan.unseen).toContainEqual({
        table: 'public.messages',
        column: null,
        reason: 'permission denied',
      });
      expect(scan.text).toContain('# not read: permission denied');
      expect(JSON.stringify([scan, findings, unseen])).not.toContain(canary);
    } finally {
      await world.sql(`drop owned by ${role}; drop role ${role}`);
    }
  });

  it('documents its rules as the code has them', async () => {
    const text = await readFile(join(projectRoot, 'docs/data-map.md'), 'utf8');
    const documented = [...text.matchAll(/^\| (DATA\d\d) \| (\w+) \| (.+) \|$/gm)].map(
      ([, rule, severity, demand]) => ({ id: rule, severity, demand }),
    );
    expect(documented).toEqual([...Object.values(dataRules), objectRule]);
  });
});
