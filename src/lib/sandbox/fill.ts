import { createWriteStream } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { withConnection, withDatabase } from '../base/postgres.ts';
import type { Progress } from '../base/progress.ts';
import type { Kms } from '../cloud/kms.ts';
import type { KmsAdmin } from '../cloud/kms-admin.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import { accountTables, firstLogoOid, tenantsWithLogo } from './generate/account-tables.ts';
import { activityTables } from './generate/activity-tables.ts';
import { combinedLog, jsonLog } from './generate/http-log.ts';
import { rawMessage } from './generate/message.ts';
import { attachmentTable, inboundQueueTable, rawKey, storedMessages } from './generate/message-tables.ts';
import { operationTables } from './generate/operation-tables.ts';
import { staffTables } from './generate/staff-tables.ts';
import { createWorld, type World } from './generate/world.ts';
import { loadTable } from './load.ts';
import { loadKeyring } from './load-keyring.ts';
import { loadMessages } from './load-messages.ts';
import { sqlFile } from './sql-file.ts';

export interface FillOptions {
  /** The superuser's, on any database of the cluster. */
  readonly url: string;
  readonly dataDirectory: string;
  readonly httpLogs: string;
  readonly seed: number;
  readonly messages: number;
  readonly kms: Kms & KmsAdmin;
  readonly store: ObjectStore;
  readonly progress: Progress;
  readonly signal: AbortSignal | undefined;
}

/** Rows by table. */
export type FillResult = Readonly<Record<string, number>>;

/** Makes the database `mail` with its contents, the objects and the HTTP logs, all from the seed and the scale. */
export async function fillPlatform(options: FillOptions): Promise<FillResult> {
  const world = createWorld(options.seed, options.messages);
  await run(options.url, [
    'CREATE DATABASE mail OWNER mail_app TEMPLATE template0',
    "ALTER DATABASE mail SET timezone = 'UTC'",
  ]);
  const url = withDatabase(options.url, 'mail');
  await runScripts(url, ['02-tables.sql']);
  const rows = await loadEverything(world, url, options);
  await runScripts(url, ['03-keys.sql', '04-logic.sql']);
  await run(url, [await sqlFile('05-access.sql'), ...finishing(world)]);
  await appendFile(join(options.dataDirectory, 'pg_hba.conf'), hostRules);
  return rows;
}

/** Mail in one lane; everything else, which is less, in another. */
async function loadEverything(world: World, url: string, options: FillOptions): Promise<FillResult> {
  const others = [
    ...accountTables(world),
    ...activityTables(world),
    ...operationTables(world),
    ...staffTables(),
    attachmentTable(world),
    inboundQueueTable(world),
  ];
  const step = options.progress.step('generating mail', { total: world.counts.messages, unit: 'rows' });
  const rows: Record<string, number> = {};
  const { signal } = options;
  await Promise.all([
    loadMessages(url, world, { onRows: (count) => step.advance(count), signal }).then(
      (count) => (rows['mail.messages'] = count),
    ),
    withConnection({ url, role: 'sandbox', purpose: 'sandbox fill' }, async (client) => {
      rows['mail.subject_keys'] = await loadKeyring(client, world, options);
      for (const data of others) {
        const freeze = data.table === 'ops.user_actions' ? 'nothing' : 'rows';
        rows[data.table] = await loadTable(client, data, { onRows: () => {}, signal, freeze });
      }
    }),
    storeObjects(world, options),
    writeHttpLogs(world, options.httpLogs),
  ]);
  step.done();
  return rows;
}

/** Whole messages and their attachments; a handful at a time, because each waits for the disk. */
async function storeObjects(world: World, { store, signal }: FillOptions): Promise<void> {
  const source = storedMessages(world);
  const lane = async (): Promise<void> => {
    for (const message of source) {
      signal?.throwIfAborted();
      await store.put(rawKey(message), Buffer.from(rawMessage(message), 'latin1'), {
        contentType: 'message/rfc822',
      });
      for (const { objectKey, content, contentType } of message.attachments) {
        if ((await store.head(objectKey)) === undefined) await store.put(objectKey, content, { contentType });
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

async function writeHttpLogs(world: World, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await pipeline(lines(combinedLog(world)), createWriteStream(join(folder, 'access.log')));
  await pipeline(lines(jsonLog(world)), createWriteStream(join(folder, 'access.json.log')));
}

/** Joins lines to chunks, so that a stream need not handle each alone. */
function* lines(source: Iterable<string>): Generator<string> {
  let chunk = '';
  for (const line of source) {
    chunk += `${line}\n`;
    if (chunk.length < 65_536) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

/** As the application, which so becomes the owner. */
async function runScripts(url: string, names: readonly string[]): Promise<void> {
  const scripts = await Promise.all(names.map(sqlFile));
  const memory = "SET maintenance_work_mem = '256MB'";
  await run(url, ['GRANT CREATE ON DATABASE mail TO mail_app', memory, 'SET ROLE mail_app', ...scripts]);
}

async function run(url: string, statements: readonly string[]): Promise<void> {
  await withConnection({ url, role: 'sandbox', purpose: 'sandbox fill' }, async (client) => {
    for (const statement of statements) await client.query(statement);
  });
}

function finishing({ counts }: World): readonly string[] {
  const logos = Array.from(
    { length: Math.min(tenantsWithLogo, counts.tenants) },
    (_, index) => firstLogoOid + index + 1,
  );
  return [
    `SELECT setval('mail.accounts_id_seq', ${counts.accounts}), setval('mail.messages_id_seq', ${counts.messages}), setval('mail.contact_timeline_id_seq', ${Math.ceil((counts.accounts * counts.contactsPerAccount) / 10)})`,
    ...logos.flatMap((oid) => [
      `SELECT lo_from_bytea(${oid}, decode(repeat('89504e470d0a1a0a', ${oid - firstLogoOid} * 500), 'hex'))`,
      `ALTER LARGE OBJECT ${oid} OWNER TO mail_app`,
      `GRANT SELECT ON LARGE OBJECT ${oid} TO postern_reader`,
    ]),
    'ANALYZE',
  ];
}

/** Rules that a review must object to. The server listens on 127.0.0.1 only, so that none of them ever lets anybody in. */
const hostRules = `
# Planted faults; see docs/sandbox.md.
host      all   legacy_import  10.0.0.0/8     trust
host      all   all            0.0.0.0/0      scram-sha-256
hostnossl mail  svc_analytics  192.0.2.0/24   scram-sha-256
`;
