import { chmod, cp, mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runScript } from '../../../src/lib/backup/raw-query.ts';
import { type Client, withConnection } from '../../../src/lib/base/postgres.ts';

/** The roles that own and use the zoo's objects. They belong to the cluster and stay when the database is dropped. */
export const zooRoles = ['zoo_owner', 'zoo_reader', 'zoo Writer', 'zoo "quoted" role', 'zoo_group'] as const;

/**
 * Fills an empty database with one of each thing that a schema can hold, with rows, as its superuser. A file
 * `NN-name[.utf8|.sql_ascii][.pgMM].sql` is for that encoding, and for that major version and later ones.
 *
 * What is not in it, and why: security labels (no embedded build has a label provider), LZ4 compression (not built
 * in), tablespaces (they are folders of the server's machine), subscriptions (a database with one cannot be dropped),
 * and an extension with a configuration table before PostgreSQL 18 (no built-in extension has one, and earlier servers
 * look for extensions only where they are installed).
 */
export async function createZoo(url: string): Promise<void> {
  await withConnection({ url, role: 'zoo' }, async (client) => {
    const { rows } = await client.query<{ major: number; encoding: string }>(
      `SELECT current_setting('server_version_num')::integer / 10000 AS major, current_setting('server_encoding') AS encoding`,
    );
    const server = rows.at(0);
    if (server === undefined) throw new Error('a SELECT without FROM returned no row');
    const { major, encoding } = server;
    if (major >= 18) await offerExtensions(client);
    await client.query(
      `SET client_min_messages = error; SET client_encoding = '${encoding}'; SET lc_monetary = 'C'; SET search_path = pg_catalog`,
    );
    for (const file of await zooFiles({ major, encoding })) {
      await runScript(client, await readFile(join(import.meta.dirname, file))).catch((error: unknown) => {
        throw new Error(`${file}: ${String(error)}`, { cause: error });
      });
    }
  });
}

async function zooFiles({ major, encoding }: { readonly major: number; readonly encoding: string }) {
  const files = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.sql')).sort();
  return files.filter((name) => {
    const conditions = name.split('.').slice(1, -1);
    return conditions.every((condition) =>
      condition.startsWith('pg') ? major >= Number(condition.slice(2)) : condition === encoding.toLowerCase(),
    );
  });
}

/** For this session, and for every later one of this role: a restore has to find the extension too. */
async function offerExtensions(client: Client): Promise<void> {
  const { rows } = await client.query<{ extension_control_path: string }>('SHOW extension_control_path');
  const current = rows[0]?.extension_control_path ?? '';
  if (current.includes('postern-zoo-')) return;
  // The server may run as another user, who may not see the project's folder.
  const folder = await mkdtemp(join(tmpdir(), 'postern-zoo-'));
  await chmod(folder, 0o755);
  await mkdir(join(folder, 'extension'), { mode: 0o755 });
  await cp(join(import.meta.dirname, 'extension'), join(folder, 'extension'), { recursive: true });
  const { rows: quoted } = await client.query<{ literal: string }>('SELECT quote_literal($1) AS literal', [
    `${current}:${folder}`,
  ]);
  const literal = quoted[0]?.literal ?? '';
  await client.query(`ALTER ROLE CURRENT_USER SET extension_control_path = ${literal}`);
  await client.query(`SET extension_control_path = ${literal}`);
}
