import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { type Client, withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { createLocalKms } from '../../src/lib/cloud/local/kms.ts';
import { sealColumnValue } from '../../src/lib/crypto/column-value.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/lib/sandbox/server.ts';
import { migrateState } from '../../src/lib/state/migrate.ts';
import { type Measured, peakOf } from './peak-memory.ts';

/** A table of encrypted values of 512 bytes, a key for every person, and a postern that is set up for it. */
export interface TokenWorld {
  readonly server: EmbeddedServer;
  readonly url: string;
  readonly values: number;
  /** Runs a command of postern, as a person would. */
  postern(...args: readonly string[]): Promise<Measured>;
}

const bin = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const plaintextSize = 512;
const valuesEach = 100;
const batch = 1000;

const schema = `
create schema app;
create table app.person (id bigint primary key);
create table app.key (
  id uuid primary key, person_id bigint not null references app.person, version int not null, state text not null,
  kek text not null, wrapped bytea not null, unique (person_id, version)
);
create table app.token (id bigint primary key, person_id bigint not null references app.person, secret bytea not null);
`;

const map = `version: 1
subjects: {person: {identities: {id: {}}}}
tables:
  app.token:
    primary_key: [id]
    ownership: exclusive
    references: [{as: person, column: person_id, to: app.person.id, kind: fk}]
    fields:
      secret: {type: bytea, encrypted: {dek: app.key.wrapped, by: person, as: token.secret}, erase: shred}
ignore: [{table: app.person, reason: numbers}]
keyrings:
  app.key: {id: id, subject: person_id, version: version, state: state, kek: kek, wrapped: wrapped, context: {person: "{person_id}"}}
`;

/** Makes a world with so many values, and leaves nothing of it behind when the work is done. */
export async function withTokenWorld(
  values: number,
  work: (world: TokenWorld) => Promise<void>,
): Promise<void> {
  process.stderr.write(`making ${values} values…\n`);
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  await chmod(folder, 0o755);
  const server = await startEmbeddedServer({
    dataDirectory: join(folder, 'data'),
    major: 15,
    settings: { shared_buffers: '512MB', max_wal_size: '8GB', checkpoint_timeout: '1h', autovacuum: 'off' },
  });
  try {
    const url = withDatabase(server.url, 'platform');
    const stateUrl = withDatabase(server.url, 'state');
    await withConnection({ url: server.url, role: 'bench' }, async (client) => {
      await client.query('create database platform');
      await client.query('create database state');
    });
    await withConnection({ url: stateUrl, role: 'bench' }, (client) => migrateState(client));
    const passphrase = randomBytes(16).toString('hex');
    const path = join(folder, 'kms');
    const kms = await createLocalKms({ path, unlock: { passphrase } });
    await withConnection({ url, role: 'bench' }, async (client) => {
      await client.query(schema);
      await fill(client, kms, values);
      await client.query('vacuum analyze');
    });
    const secrets = { 'platform-url': url, 'state-url': stateUrl, passphrase };
    for (const [name, text] of Object.entries(secrets)) {
      await writeFile(join(folder, name), text, { mode: 0o600 });
    }
    await writeFile(join(folder, 'map.yaml'), map);
    const bench = {
      platform: { url: '${file:platform-url}', write_url: '${file:platform-url}', map: 'map.yaml' },
      state: { url: '${file:state-url}' },
      kms: { adapter: 'local', path, passphrase: '${file:passphrase}' },
      approvals: { default: 0 },
    };
    const config = join(folder, 'postern.yaml');
    await writeFile(config, stringify({ version: 1, default_profile: 'bench', profiles: { bench } }));
    await work({
      server,
      url,
      values,
      postern: (...args) => peakOf(process.execPath, [bin, ...args, '--config', config, '--quiet']),
    });
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function fill(
  client: Client,
  kms: Awaited<ReturnType<typeof createLocalKms>>,
  values: number,
): Promise<void> {
  const { arn } = await kms.createKey({ usage: 'encrypt', description: 'bench' });
  const persons = Math.ceil(values / valuesEach);
  await client.query('insert into app.person select generate_series(0, $1::int)', [persons]);
  for (let person = 0; person * valuesEach < values; person += batch / valuesEach) {
    const ids: number[] = [];
    const owners: number[] = [];
    const sealed: Buffer[] = [];
    for (let next = person; next < person + batch / valuesEach && next < persons; next += 1) {
      const { plaintext: dataKey, wrapped } = await kms.generateDataKey(arn, { person: String(next) });
      const id = randomUUID();
      await client.query(`insert into app.key values ($1, $2, 1, 'active', $3, $4)`, [
        id,
        next,
        arn,
        Buffer.from(wrapped),
      ]);
      for (let each = 0; each < valuesEach && next * valuesEach + each < values; each += 1) {
        const token = next * valuesEach + each;
        const place = {
          table: 'token',
          column: 'secret',
          primaryKey: [String(token)],
          subject: String(next),
        };
        ids.push(token);
        owners.push(next);
        sealed.push(sealColumnValue(randomBytes(plaintextSize), { id, dataKey }, place));
      }
    }
    await client.query(
      'insert into app.token select * from unnest($1::bigint[], $2::bigint[], $3::bytea[])',
      [ids, owners, sealed],
    );
  }
}
