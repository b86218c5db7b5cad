import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { openObjectStore } from '../../src/lib/cloud/index.ts';
import { openPlatform } from '../../src/lib/platform/connection.ts';
import { readDataMap } from '../../src/lib/platform/map/index.ts';
import {
  type ExportContext,
  type ExportedPerson,
  type ExportOptions,
  exportPerson,
} from '../../src/lib/subject/export/index.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

/** A platform of two persons; Ann is exported, and nothing of Bob's may come along. */
const schema = String.raw`
create schema app;
create domain app.address as text;
create table app.account (
  id int primary key, tenant int, email app.address, name text, password text, score numeric, vip boolean, token_hash bytea,
  settings jsonb, sealed bytea
);
create table app.box (id int primary key, account int references app.account, name text);
create table app.mail (
  id bigint primary key, box int references app.box, head text, body bytea, object_key text, rcpt text[], meta jsonb
);
create table app.part (id int primary key, mail bigint references app.mail, file_name text, object_key text);
create table app.card (id text primary key, account int references app.account, name text, email text, phone text, vcard text, note text);
create table app.event (account int references app.account, uid text, ical text, primary key (account, uid));
create table app.session (id text primary key, account int references app.account, ip inet);
create table app.ticket (id int primary key, account int references app.account, subject text, notes text);
create table app.dek (id int primary key, account int references app.account, wrapped bytea);
create table app.log (id int primary key, line text, rest text);
insert into app.account values
  (1, 1, 'ann+home@münster.example', 'Ann', 'HASH-ANN', -1.50, true, '\x01', '{"theme": "dark", "api": {"token": "TOKEN-ANN"}}', null),
  (2, 1, 'bob@example.org', 'BOB-SECRET', 'HASH-BOB', 2, false, '\x02', '{"api": {"token": "TOKEN-BOB"}}', null);
insert into app.box values (1, 1, 'INBOX'), (2, 2, 'INBOX');
insert into app.mail values
  (1, 1, E'From: x@x.example\r\nTo: ann@xn--mnster-3ya.example\r\nBcc: hidden@x.example,\r\n other@x.example\r\nSubject: one\r\nDate: Tue, 30 Jun 2026 09:05:00 +0200\r\n',
    E'Hello\r\nFrom here on\r\n', null, '{ann@münster.example}', '{"rcpt": [{"a": "ann@münster.example"}, {"a": "hidden@x.example"}]}'),
  (2, 1, E'From: x@x.example\r\nBcc: <ann@münster.example>, third@x.example\r\nSubject: two', '', null, '{}', '{}'),
  (3, 1, E'From: x@x.example\r\nSubject: three\r\n', null, 'k3', '{}', '{}'),
  (4, 1, E'From: x@x.example\r\nSubject: four\r\n', null, null, '{}', '{}'),
  (5, 2, E'To: bob@example.org\r\nCc: ann@münster.example\r\nSubject: BOB-SECRET\r\n', 'BOB-SECRET', null, '{bob@example.org}', '{}');
insert into app.part values (1, 3, '../../etc/passwd', 'p1'), (2, 3, 'Übersicht 1.PDF', 'p2'), (3, 5, 'BOB-SECRET', 'pb');
insert into app.card values
  ('A/../x', 1, '=HYPERLINK("http://x")', 'c@c.example', '+49 30 1', null, E'a "quote"\nand, a comma'),
  ('b', 1, 'Di; Ö', 'd@d.example', null, E'BEGIN:VCARD\nVERSION:3.0\nFN:Di\nEND:VCARD', '-1'),
  ('c', 2, 'BOB-SECRET', 'ann@münster.example', null, null, null);
insert into app.event values
  (1, 'e1', E'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:e1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'),
  (1, 'e2', E'BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:X\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:e2\nEND:VEVENT\nEND:VCALENDAR\n'),
  (2, 'e3', 'BEGIN:VCALENDAR');
insert into app.session values ('SESSION-ANN', 1, '192.0.2.1');
insert into app.ticket values (1, 1, 'help', 'STAFF-NOTE about Ann'), (2, 2, 'BOB-SECRET', 'x');
insert into app.dek values (1, 1, '\x6b6579');
insert into app.log values (1, 'seen ANN@münster.example, twice', 'REST-OF-LOG'), (2, 'bob@example.org', 'REST-OF-LOG');
`;

const map = `version: 1
subjects:
  user: {identities: {id: {}, email: {normalise: [trim, lower, nfc, idna], variants: [plus-tag]}}}
  contact: {identities: {email: {normalise: [trim, lower, nfc, idna], variants: [plus-tag]}}}
tables:
  app.account:
    primary_key: [id]
    tenant: tenant
    ownership: exclusive
    legal_basis: contract
    fields:
      id: {type: integer, category: user.unique_id, identity: user.id}
      email: {type: text, category: user.contact.email, identity: user.email}
      name: {type: text, category: user.name}
      password: {type: text, category: user.authorization.password}
      token_hash: {type: bytea, category: user.authorization}
      settings: {type: jsonb, paths: {'$.api.token': {category: user.authorization.credentials}}}
    non_personal: [score, vip]
    exports: {as: json}
  app.box:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account, to: app.account.id, kind: fk}]
    non_personal: [name]
  app.mail:
    primary_key: [id]
    ownership: shared
    owner: box
    legal_basis: contract
    retention: {keep: P2Y, law: "§ 1"}
    references: [{column: box, to: app.box.id, kind: fk}]
    fields:
      head: {type: text, parser: rfc5322}
      body: {type: bytea, parser: rfc5322, category: user.content.private}
      object_key: {type: text, object: {bucket: mail, key: '{object_key}', format: eml}}
      rcpt: {type: 'text[]', category: user.contact.email, identity: contact.email}
      meta: {type: jsonb, paths: {'$.rcpt[*].a': {category: user.contact.email, identity: contact.email}}}
    exports: {as: mbox}
  app.part:
    primary_key: [id]
    ownership: shared
    references: [{column: mail, to: app.mail.id, kind: fk}]
    legal_basis: contract
    fields:
      file_name: {type: text, category: user.content}
      object_key: {type: text, object: {bucket: mail, key: '{object_key}', format: binary}}
    exports: {as: eml}
  app.card:
    primary_key: [id]
    ownership: exclusive
    legal_basis: consent
    references: [{column: account, to: app.account.id, kind: fk}]
    fields:
      name: {type: text, category: user.name}
      email: {type: text, category: user.contact.email, identity: contact.email}
      phone: {type: text, category: user.contact.phone_number}
      vcard: {type: text, parser: vcard, category: user.contact}
      note: {type: text, category: user.content}
    exports: {as: vcard}
  app.event:
    primary_key: [account, uid]
    ownership: shared
    legal_basis: contract
    references: [{column: account, to: app.account.id, kind: fk}]
    fields: {ical: {type: text, parser: icalendar, category: user.content}}
    exports: {as: icalendar}
  app.session:
    primary_key: [id]
    ownership: exclusive
    legal_basis: legitimate-interests
    references: [{column: account, to: app.account.id, kind: fk}]
    fields: {ip: {type: inet, category: user.device.ip_address}}
    exports: {as: json}
  app.ticket:
    primary_key: [id]
    ownership: exclusive
    legal_basis: contract
    references: [{column: account, to: app.account.id, kind: fk}]
    fields:
      subject: {type: text, category: user.content}
      notes: {type: text, category: user.content, review: staff wrote it for themselves}
    exports: {as: json, set: access}
  app.dek:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account, to: app.account.id, kind: fk}]
    non_personal: [wrapped]
  app.log:
    primary_key: [id]
    ownership: third-party
    fields: {line: {type: text, parser: text, category: user.behavior}}
    non_personal: [rest]
keyrings:
  app.dek: {id: id, subject: account, version: id, state: id, kek: id, wrapped: wrapped}
`;

export interface ExportWorld {
  readonly database: TestDatabase;
  /** Where archives go. */
  readonly folder: string;
  sql(text: string): Promise<void>;
  put(key: string, body: string): Promise<void>;
  /** In clear, as `out.zip`, unless told. */
  run(
    own?: Partial<ExportOptions>,
    context?: Partial<ExportContext>,
    edit?: (map: string) => string,
  ): Promise<ExportedPerson>;
  /** What lies in the folder now. */
  files(): Promise<readonly string[]>;
  close(): Promise<void>;
}

async function exportWorld(): Promise<ExportWorld> {
  const database = await testDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'postern-export-'));
  const objects = await mkdtemp(join(tmpdir(), 'postern-objects-'));
  const store = await openObjectStore({ adapter: 'local', path: objects });
  const sql = (text: string) =>
    withConnection({ url: database.url, role: 'test' }, async (client) => void (await client.query(text)));
  await sql(schema);
  const world: ExportWorld = {
    database,
    folder,
    sql,
    put: async (key, body) => void (await store.put(key, Buffer.from(body))),
    run: async (own = {}, context = {}, edit = (text) => text) => {
      const db = await openPlatform(database.url, { statementTimeout: 0 });
      try {
        const { map: parsed } = await readDataMap(edit(map), 'map.yaml');
        return await exportPerson(
          {
            db,
            map: parsed,
            openBucket: (name) => Promise.resolve(name === 'mail' ? { store, prefix: '' } : undefined),
            dataKeyOf: () => Promise.resolve({ problem: 'key-unknown' }),
            tool: 'postern test',
            at: new Date('2026-11-23T10:00:00Z'),
            signal: new AbortController().signal,
            sign: () => Promise.resolve(undefined),
            ...context,
          },
          {
            who: ['ann@münster.example'],
            tenant: undefined,
            set: 'access',
            folder,
            fileName: (part) => (part === undefined ? 'out.zip' : `out.${part}.zip`),
            reviewPath: join(folder, 'out.review.json'),
            decisions: new Map(),
            sealedFor: undefined,
            splitAt: undefined,
            mailForm: 'both',
            discloseBcc: undefined,
            ...own,
          },
        );
      } finally {
        await db.end();
      }
    },
    files: async () => (await readdir(folder)).toSorted(),
    close: async () => {
      await rm(folder, { recursive: true, force: true });
      await rm(objects, { recursive: true, force: true });
      await database.drop();
    },
  };
  await world.put('k3', 'From: x@x.example\r\nSubject: three\r\n\r\nfrom the store\r\n');
  await world.put('p1', 'first');
  await world.put('p2', 'second');
  await world.put('pb', 'BOB-SECRET');
  return world;
}

/** What Python's own zipfile finds, after it has tested every checksum. */
export function unzipped(python: string, file: string): ReadonlyMap<string, Buffer> {
  const program = `
import sys, zipfile, json, base64
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
assert len(set(z.namelist())) == len(z.namelist())
print(json.dumps({n: base64.b64encode(z.read(n)).decode() for n in z.namelist()}))
`;
  const out = execFileSync(python, ['-c', program, file], { maxBuffer: 1 << 28 });
  return new Map(
    Object.entries(JSON.parse(out.toString()) as Record<string, string>).map(([name, content]) => [
      name,
      Buffer.from(content, 'base64'),
    ]),
  );
}

/** Runs a program of Python on files of an archive, and takes the JSON that it prints. */
export function python(program: string, executable: string, input: Buffer): unknown {
  return JSON.parse(execFileSync(executable, ['-c', program], { input, maxBuffer: 1 << 28 }).toString());
}

/** One platform for all tests of a file, and an empty folder for each. @param give told of it before the first test */
export function withExportWorld(give: (world: ExportWorld) => Promise<void> | void): void {
  let world: ExportWorld | undefined;
  beforeAll(async () => {
    world = await exportWorld();
    await give(world);
  });
  afterEach(async () => {
    for (const file of (await world?.files()) ?? []) await rm(join(world?.folder ?? '', file));
  });
  afterAll(() => world?.close());
}
