import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runScript } from '../../../src/lib/backup/raw-query.ts';
import { type Client, withConnection } from '../../../src/lib/base/postgres.ts';

/** The roles that own and use the zoo's objects. They belong to the cluster and stay when the database is dropped. */
export const zooRoles = ['zoo_owner', 'zoo_reader', 'zoo Writer', 'zoo "quoted" role', 'zoo_group'] as const;

interface ZooOptions {
  readonly extra?: readonly 'raw_names'[];
}

/**
 * Fills an empty database with one of each thing that a schema can hold, with rows, as its superuser. A file
 * `NN-name[.utf8|.sql_ascii][.pgMM].sql` is for that encoding, and for that major version and later ones; one with
 * `.raw_names` (an SQL_ASCII database's tables and columns whose names are not UTF-8) only for who asks for it.
 *
 * What is not in it, and why: security labels (no embedded build has a label provider), LZ4 compression (not built
 * in), tablespaces (they are folders of the server's machine), subscriptions (a database with one cannot be dropped),
 * and an extension with a configuration table before PostgreSQL 18 (no built-in extension has one, and earlier servers
 * look for extensions only where they are installed).
 */
export async function createZoo(url: string, { extra = [] }: ZooOptions = {}): Promise<void> {
  await withConnection({ url, role: 'zoo' }, async (client) => {
    const { rows } = await client.query<{ major: number; encoding: string }>(
      `SELECT current_setting('server_version_num')::integer / 10000 AS major, current_setting('server_encoding') AS encoding`,
    );
    const server = rows.at(0);
    if (server === undefined) throw new Error('a SELECT without FROM returned no row');
    const { major, encoding } = server;
    await createRoles(client);
    if (major >= 18) await offerExtensions(client);
    await client.query(
      `SET client_min_messages = error; SET client_encoding = '${encoding}'; SET lc_monetary = 'C'; SET search_path = pg_catalog`,
    );
    for (const file of await zooFiles({ major, encoding, extra })) {
      await runScript(client, await readFile(join(import.meta.dirname, file))).catch((error: unknown) => {
        throw new Error(`${file}: ${String(error)}`, { cause: error });
      });
    }
  });
}

interface ZooFilter {
  readonly major: number;
  readonly encoding: string;
  readonly extra: readonly string[];
}

async function zooFiles({ major, encoding, extra }: ZooFilter): Promise<readonly string[]> {
  const met = (condition: string) =>
    condition.startsWith('pg')
      ? major >= Number(condition.slice(2))
      : [encoding.toLowerCase(), ...extra].includes(condition);
  const files = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.sql')).sort();
  return files.filter((name) => name.split('.').slice(1, -1).every(met));
}

/** Another test may be making them at this moment. */
async function createRoles(client: Client): Promise<void> {
  await client.query('BEGIN; SELECT pg_advisory_xact_lock(7233)');
  const { rows } = await client.query<{ name: string }>(
    'SELECT quote_ident(name) AS name FROM unnest($1::text[]) AS name WHERE name NOT IN (SELECT rolname FROM pg_roles)',
    [zooRoles],
  );
  for (const { name } of rows) await client.query(`CREATE ROLE ${name}`);
  await client.query('GRANT zoo_group TO zoo_reader; COMMIT');
}

/** For this session, and for every later one of this role: a restore has to find the extension too. */
async function offerExtensions(client: Client): Promise<void> {
  const { rows } = await client.query<{ path: string; literal: string }>(
    `SELECT path, quote_literal(path || ':' || $1) AS literal FROM current_setting('extension_control_path') AS path`,
    [await publicFolder(join(import.meta.dirname, 'extension'))],
  );
  for (const { path, literal } of rows) {
    if (path.includes('postern-zoo-')) continue;
    await client.query(`ALTER ROLE CURRENT_USER SET extension_control_path = ${literal}`);
    await client.query(`SET extension_control_path = ${literal}`);
  }
}

/**
 * A folder that holds a copy of `extension`. It lies where the server may read, which may run as another user; it is
 * named after its content, so that every test can share it and none has to change it.
 */
async function publicFolder(extension: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(extension)).sort()) hash.update(await readFile(join(extension, name)));
  const folder = join(
    tmpdir(),
    `postern-zoo-${process.getuid?.() ?? 'x'}-${hash.digest('hex').slice(0, 12)}`,
  );
  if (existsSync(folder)) return folder;
  const scratch = await mkdtemp(join(tmpdir(), 'postern-zoo-new-'));
  await cp(extension, join(scratch, 'extension'), { recursive: true });
  await chmod(scratch, 0o755);
  // Another test may have been first: then its folder serves us as well.
  await rename(scratch, folder).catch(() => rm(scratch, { recursive: true }));
  return folder;
}
