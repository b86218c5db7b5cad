import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/lib/sandbox/server.ts';
import { type Measured, peakOf } from './peak-memory.ts';

const bin = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

export interface EraseBench {
  readonly server: EmbeddedServer;
  /** Of the database that is erased from. */
  readonly url: string;
  readonly addresses: readonly string[];
  /** Makes that database anew, as it was. */
  renew(): Promise<void>;
  /** Erases all of the addresses. */
  erase(): Promise<Measured>;
  close(): Promise<void>;
}

/**
 * Messages of accounts, which own them; one in twenty recipients has an account too. Messages are about a
 * kilobyte, with their addresses in an array and in the header block.
 */
const schema = ({ messages, each }: EraseSize) => `
create schema mail;
create table mail.account (id bigint primary key, email text not null unique, name text not null);
create table mail.box (id bigint primary key, account_id bigint not null references mail.account);
create table mail.message (
  id bigint primary key, box_id bigint not null references mail.box, recipients text[] not null, head text not null, body text not null
);
create table mail.part (id bigint primary key, message_id bigint not null references mail.message, name text not null);
create table mail.login (id bigint primary key, account_id bigint not null references mail.account, ip inet not null);
insert into mail.account select n, 'user' || n || '@example.org', 'User ' || n from generate_series(1, ${messages / each}) n;
insert into mail.box select id, id from mail.account;
insert into mail.message select n, 1 + n % ${messages / each}, r.a, 'From: somebody@sender.example' || E'\\r\\nTo: ' || array_to_string(r.a, E',\\r\\n ') || E'\\r\\nSubject: message ' || n || E'\\r\\nX-Filler: ' || repeat('0123456789abcdef', 20), repeat('Lorem ipsum dolor sit amet. ', 20)
from generate_series(1, ${messages}) n cross join lateral (
  select array_agg(case when (n * 31 + k * 7919) % 20 = 0 then 'user' || (1 + (n * 17 + k * 104729) % ${messages / each}) || '@example.org' else 'guest' || (n * k) % 100003 || '@guest.example' end) as a
  from generate_series(1, 3) k) r;
insert into mail.part select n, n * 3, 'file' || n from generate_series(1, ${Math.floor(messages / 3)}) n;
insert into mail.login select n, 1 + n % ${messages / each}, '192.0.2.1' from generate_series(1, ${Math.floor(messages / 5)}) n;
create index on mail.box (account_id);
create index on mail.message (box_id);
create index on mail.part (message_id);
create index on mail.login (account_id);
vacuum analyze;
`;

const map = `version: 1
subjects: {user: {identities: {email: {normalise: [lower]}}}}
tables:
  mail.account:
    primary_key: [id]
    ownership: exclusive
    fields:
      email: {type: text, category: user.contact.email, identity: user.email}
      name: {type: text, category: user.name}
    erase: delete
  mail.box:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: mail.account.id, kind: fk}]
    erase: delete
  mail.message:
    primary_key: [id]
    ownership: shared
    references: [{column: box_id, to: mail.box.id, kind: fk}]
    fields:
      recipients: {type: 'text[]', category: user.contact.email, identity: user.email, erase: {redact: element}}
      head: {type: text, parser: rfc5322, category: user.contact.email, erase: {redact: address}}
      body: {type: text, category: user.content, erase: {keep: it belongs to the box owner}}
    erase: {when_last_owner: delete, else: detach}
  mail.part:
    primary_key: [id]
    ownership: shared
    references: [{column: message_id, to: mail.message.id, kind: fk}]
    fields: {name: {type: text, category: user.content, erase: with-row}}
    erase: {when_last_owner: delete, else: detach}
  mail.login:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: mail.account.id, kind: fk}]
    fields: {ip: {type: inet, category: user.device.ip_address}}
    erase: delete
`;

export interface EraseSize {
  readonly messages: number;
  /** How many are erased; the first ones. */
  readonly persons: number;
  /** Messages of an account. */
  readonly each: number;
}

export async function withEraseWorld(
  size: EraseSize,
  work: (world: EraseBench) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  await chmod(folder, 0o755);
  const server = await startEmbeddedServer({
    dataDirectory: join(folder, 'data'),
    major: 18,
    settings: { shared_buffers: '1GB', max_wal_size: '4GB', checkpoint_timeout: '1h', autovacuum: 'off' },
  });
  const [template, target, state] = ['template', 'mail', 'state'].map((name) =>
    withDatabase(server.url, name),
  );
  const admin = (text: string) =>
    withConnection({ url: server.url, role: 'bench' }, (client) => client.query(text));
  try {
    await admin('create database template');
    await withConnection({ url: template ?? '', role: 'bench' }, async (client) => {
      for (const statement of schema(size).split(';\n'))
        if (statement.trim() !== '') await client.query(statement);
    });
    await admin('create database state');
    await writeFile(join(folder, 'url'), target ?? '', { mode: 0o600 });
    await writeFile(join(folder, 'state'), state ?? '', { mode: 0o600 });
    await writeFile(join(folder, 'names'), 'ab'.repeat(32), { mode: 0o600 });
    await writeFile(join(folder, 'map.yaml'), map);
    const config = join(folder, 'postern.yaml');
    const bench = {
      platform: { url: '${file:url}', write_url: '${file:url}', map: 'map.yaml' },
      state: { url: '${file:state}' },
      subjects: { hmac_keys: ['${file:names}'] },
    };
    await writeFile(config, stringify({ version: 1, default_profile: 'bench', profiles: { bench } }));
    await peakOf(process.execPath, [bin, 'state', 'migrate', '--config', config]);
    const addresses = Array.from({ length: size.persons }, (_, index) => `user${index + 1}@example.org`);
    const list = join(folder, 'persons');
    await writeFile(list, addresses.join('\n'));
    await work({
      server,
      url: target ?? '',
      addresses,
      renew: async () => {
        await admin('drop database if exists mail with (force)');
        await admin('create database mail template template');
        await admin('checkpoint');
      },
      erase: () =>
        peakOf('/bin/sh', [
          '-c',
          `exec '${process.execPath}' '${bin}' subject erase - --reason bench --confirm mail --quiet --config '${config}' < '${list}'`,
        ]),
      close: async () => {},
    });
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
