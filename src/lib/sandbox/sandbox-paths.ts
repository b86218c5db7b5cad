import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { usageError } from '../base/error.ts';

/** Where everything of one sandbox is. All of it lies below `folder`. */
export interface SandboxPaths {
  readonly name: string;
  readonly folder: string;
  /** Says that the folder is a sandbox's, so that it may be emptied. */
  readonly marker: string;
  /** Written last: its presence says that the sandbox is complete. */
  readonly manifest: string;
  readonly dataDirectory: string;
  readonly config: string;
  readonly map: string;
  readonly secrets: string;
  readonly keys: string;
  readonly kms: string;
  readonly objects: { readonly mail: string; readonly offsite: string };
  readonly httpLogs: string;
}

/**
 * The folders of a sandbox: below POSTERN_SANDBOX_HOME, else /var/lib/postern/sandbox for root, else the user's XDG
 * state folder.
 * @throws {PosternError} exit 2 when the name cannot be a folder's
 */
export function sandboxPaths(name = 'default', env: NodeJS.ProcessEnv = process.env): SandboxPaths {
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(name)) {
    throw usageError(`${JSON.stringify(name)} cannot be a sandbox's name`, {
      code: 'sandbox-name',
      hints: ['use lowercase letters, digits, - and _'],
    });
  }
  const folder = join(sandboxHome(env), name);
  return {
    name,
    folder,
    marker: join(folder, '.postern-sandbox'),
    manifest: join(folder, 'sandbox.json'),
    dataDirectory: join(folder, 'postgres'),
    config: join(folder, 'postern.yaml'),
    map: join(folder, 'postern.map.yaml'),
    secrets: join(folder, 'secrets'),
    keys: join(folder, 'keys'),
    kms: join(folder, 'kms', 'keys.sealed'),
    objects: { mail: join(folder, 'objects', 'mail'), offsite: join(folder, 'objects', 'offsite') },
    httpLogs: join(folder, 'http'),
  };
}

function sandboxHome(env: NodeJS.ProcessEnv): string {
  const chosen = env['POSTERN_SANDBOX_HOME'];
  if (chosen !== undefined && chosen !== '') return resolve(chosen);
  if (process.getuid?.() === 0) return '/var/lib/postern/sandbox';
  return join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'postern', 'sandbox');
}
