import { chmod, copyFile, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { refused } from '../base/error.ts';
import { withConnection, withDatabase } from '../base/postgres.ts';
import type { Progress } from '../base/progress.ts';
import { createLocalKms } from '../cloud/local/kms.ts';
import { openLocalObjectStore } from '../cloud/local/object-store.ts';
import { migrateState } from '../state/migrate.ts';
import { clusterPassword } from './cluster.ts';
import { type FillResult, fillPlatform } from './fill.ts';
import { stopPostmaster } from './postmaster.ts';
import { createRoles, newPassword } from './roles.ts';
import { secretPath, writeConfig, writeUrls } from './sandbox-config.ts';
import { writeSandboxKeys } from './sandbox-keys.ts';
import type { SandboxPaths } from './sandbox-paths.ts';
import { startEmbeddedServer } from './server.ts';

export interface CreateOptions {
  readonly seed: number;
  readonly messages: number;
  readonly port: number | undefined;
  readonly progress: Progress;
  readonly signal: AbortSignal | undefined;
}

/** For a load that starts again from nothing when it is interrupted. */
const loadSettings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '4GB',
  autovacuum: 'off',
};

/**
 * Makes a sandbox in an empty or half-made folder: keys, cluster, roles, contents, postern's own database, and the
 * configuration. The server is stopped afterwards.
 * @throws {PosternError} exit 6, `code` `sandbox-folder-taken`; and what its parts throw
 */
export async function createSandbox(paths: SandboxPaths, options: CreateOptions): Promise<FillResult> {
  await clearFolder(paths);
  await prepareFolder(paths);
  const { kms, store } = await createStores(paths);
  const server = await startEmbeddedServer({
    dataDirectory: paths.dataDirectory,
    ...(options.port !== undefined && { port: options.port }),
    settings: loadSettings,
  });
  try {
    const passwords = await withConnection({ url: server.url, role: 'sandbox' }, createRoles);
    await writeUrls(
      paths,
      { ...passwords, postgres: await clusterPassword(paths.dataDirectory) },
      server.port,
    );
    const rows = await fillPlatform({ ...options, ...paths, url: server.url, kms, store });
    await createStateDatabase(server.url, passwords.postern_owner);
    return rows;
  } finally {
    await server.stop();
  }
}

/** Removes what an interrupted run left, its server included. */
async function clearFolder(paths: SandboxPaths): Promise<void> {
  const names = await readdir(paths.folder).catch(() => []);
  if (names.length === 0) return;
  await requireMarker(paths);
  await stopPostmaster(paths.dataDirectory);
  await rm(paths.folder, { recursive: true, force: true });
}

/** @throws {PosternError} exit 6 when the folder is not a sandbox's */
export async function requireMarker({ folder, marker }: SandboxPaths): Promise<void> {
  if ((await stat(marker).catch(() => undefined)) !== undefined) return;
  throw refused(`${folder} is not empty and not a sandbox`, {
    code: 'sandbox-folder-taken',
    hints: ['choose another --name, or another folder by POSTERN_SANDBOX_HOME'],
  });
}

async function prepareFolder(paths: SandboxPaths): Promise<void> {
  await mkdir(paths.folder, { recursive: true, mode: 0o755 });
  // The server's own user must be able to pass through to the cluster; everything secret lies in closed folders.
  await chmod(paths.folder, process.getuid?.() === 0 ? 0o711 : 0o700);
  await writeFileAtomic(paths.marker, 'This folder is emptied by `postern sandbox reset`.\n');
  for (const folder of [paths.secrets, paths.keys]) await mkdir(folder, { mode: 0o700 });
  await writeSandboxKeys(paths);
  await writeConfig(paths);
  await copyFile(fileURLToPath(new URL('../../../examples/sandbox.map.yaml', import.meta.url)), paths.map);
}

async function createStores(paths: SandboxPaths) {
  const passphrase = newPassword();
  await writeFileAtomic(secretPath(paths, 'kms-passphrase'), `${passphrase}\n`);
  return {
    kms: await createLocalKms({ path: paths.kms, unlock: { passphrase } }),
    store: await openLocalObjectStore({ path: paths.objects.mail }),
    offsite: await openLocalObjectStore({ path: paths.objects.offsite }),
  };
}

async function createStateDatabase(url: string, ownerPassword: string): Promise<void> {
  await withConnection({ url, role: 'sandbox' }, async (client) => {
    await client.query('CREATE DATABASE postern_state OWNER postern_owner TEMPLATE template0');
    await client.query('REVOKE ALL ON DATABASE postern_state FROM PUBLIC');
    await client.query('GRANT CONNECT ON DATABASE postern_state TO postern_state');
  });
  const owner = new URL(withDatabase(url, 'postern_state'));
  owner.username = 'postern_owner';
  owner.password = ownerPassword;
  await withConnection({ url: owner.toString(), role: 'state database' }, (client) =>
    migrateState(client, { grantTo: 'postern_state' }),
  );
}
