import { refused } from '../../base/error.ts';
import { type Queryable, withConnection } from '../../base/postgres.ts';
import type { ManifestSource } from '../format/manifest.ts';

export interface TargetServer {
  /** Of the cluster. */
  readonly systemIdentifier: string;
  readonly versionNum: number;
  readonly hasDatabase: boolean;
}

/**
 * Asks the server that is to take the database whether it can, before anything is made there.
 * @throws {PosternError} exit 6: `target-exists`, `target-older`, `extension-missing`, `privilege-missing`; exit 1 as `connect`
 */
export async function checkServer(
  serverUrl: string,
  database: string,
  source: ManifestSource,
): Promise<TargetServer> {
  return withConnection(
    { url: serverUrl, role: 'server for the restore', purpose: 'restore', database: 'foreign' },
    async (client) => {
      const server = await askServer(client, database);
      if (server.hasDatabase) {
        throw refused(`the database ${database} exists already`, {
          code: 'target-exists',
          hints: ['a restore only makes new databases: give another name, or rename the old one'],
        });
      }
      const major = Math.floor(server.versionNum / 10_000);
      const sourceMajor = Math.floor(source.serverVersionNum / 10_000);
      if (major < sourceMajor) {
        throw refused(`the server is PostgreSQL ${major}, older than the ${sourceMajor} that was backed up`, {
          code: 'target-older',
          hints: [`restore on PostgreSQL ${sourceMajor} or newer`],
        });
      }
      if (!server.mayCreate) {
        throw refused(
          'the login for the restore is no superuser, so it cannot give objects back to their owners',
          {
            code: 'privilege-missing',
            hints: ['name a superuser under backup.restore_url'],
          },
        );
      }
      await checkExtensions(client, source);
      return server;
    },
  );
}

/** The server's identity, and whether it has a database of this name. */
export async function askServer(
  client: Queryable,
  database: string,
): Promise<TargetServer & { readonly mayCreate: boolean }> {
  const { rows } = await client.query<TargetServer & { readonly mayCreate: boolean }>(
    `select (select system_identifier::text from pg_catalog.pg_control_system()) as "systemIdentifier",
            pg_catalog.current_setting('server_version_num')::int as "versionNum",
            exists (select from pg_catalog.pg_database where datname = $1) as "hasDatabase",
            (select rolsuper from pg_catalog.pg_roles where rolname = current_user) as "mayCreate"`,
    [database],
  );
  const [server] = rows;
  if (server === undefined) throw new Error('a select without from gave no row');
  return server;
}

async function checkExtensions(client: Queryable, source: ManifestSource): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    'select name::text as name from pg_catalog.pg_available_extensions',
  );
  const available = new Set(rows.map(({ name }) => name));
  const missing = source.extensions.filter(({ name }) => !available.has(name));
  if (missing.length === 0) return;
  throw refused(
    `the server lacks extensions: ${missing.map(({ name, version }) => `${name} ${version}`).join(', ')}`,
    {
      code: 'extension-missing',
      hints: ['install their packages on the server, then make the plan again'],
    },
  );
}
