import { rm } from 'node:fs/promises';
import type { DrillServer } from '../backup/drill/context.ts';
import { refused } from '../base/error.ts';
import { errno } from '../cloud/local/file-error.ts';
import {
  dataDirectoryOf,
  drillFolderPath,
  keepDrillFolder,
  makeDrillFolder,
  removeDeadDrillFolders,
} from './drill-folder.ts';
import { watchDrillFolder } from './drill-watcher.ts';

/** As a server that takes a restore is set up; everything else is PostgreSQL's own default, so that times are real ones. */
const settings = { max_wal_size: '2GB', maintenance_work_mem: '256MB', max_connections: '60' } as const;

/**
 * Starts a PostgreSQL server in a folder of its own, which goes with it: also when this process is killed.
 * @param major of the backup; a newer server takes it where there is none of this version
 * @throws {PosternError} exit 6 `server-older`; those of `startEmbeddedServer`
 */
export async function startDrillServer({ major }: { readonly major: number }): Promise<DrillServer> {
  const { startEmbeddedServer } = await import('../sandbox/server.ts');
  const { embeddedMajor } = await import('../sandbox/postgres-binaries.ts');
  await removeDeadDrillFolders('not');
  const chosen = await embeddedMajor(major);
  if (chosen === undefined) {
    throw refused(`there is no embedded PostgreSQL ${major} or newer`, {
      code: 'server-older',
      hints: ['name a server under backup.drill.server_url'],
    });
  }
  const folder = await drillFolderPath();
  // First the watcher: from the first moment on, somebody outlives a kill.
  const watcher = watchDrillFolder(folder);
  const remove = async (): Promise<void> => {
    await rm(folder, { recursive: true, force: true });
    watcher.dismiss();
  };
  try {
    await makeDrillFolder(folder);
    const dataDirectory = dataDirectoryOf(folder);
    const server = await startEmbeddedServer({ dataDirectory, major: chosen, settings });
    return {
      kind: 'embedded',
      url: server.url,
      close: async () => {
        await server.stop();
        await remove();
      },
      keep: async () => {
        await keepDrillFolder(folder);
        watcher.dismiss();
        return [
          `server on 127.0.0.1:${server.port}, login postgres with the password in ${dataDirectory}/postern.password; \`postern backup drill --cleanup\` stops and removes it`,
        ];
      },
    };
  } catch (error) {
    // What lay there before is not ours.
    if (errno(error) === 'EEXIST') watcher.dismiss();
    else await remove();
    throw error;
  }
}

/** A server that somebody else runs; what a drill makes there is dropped again. */
export function givenDrillServer(url: string): DrillServer {
  return { kind: 'given', url, close: async () => {}, keep: async () => [] };
}
