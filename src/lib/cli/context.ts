import { readFile } from 'node:fs/promises';
import { type Clock, systemClock } from '../base/clock.ts';
import { usageError } from '../base/error.ts';
import { fileProblem } from '../base/file-problem.ts';
import { openPool, type Pool } from '../base/postgres.ts';
import type { Progress } from '../base/progress.ts';
import type { KmsService } from '../cloud/kms-service.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import { folderOf, type LoadedConfig, loadConfig } from '../config/load.ts';
import { resolvePath } from '../config/path.ts';
import type { ProfileSettings } from '../config/schema.ts';
import { resolveSecret } from '../config/secret.ts';
import { checkDestinations } from './check-destinations.ts';

type Part = keyof ProfileSettings;

/** Everything that a command hands to the domains. Each part is opened on first use and closed once at the end. */
export interface PosternContext {
  readonly profile: string;
  readonly config: LoadedConfig;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** A part of the profile. @throws {PosternError} exit 2 when it is not configured */
  settings<P extends Part>(part: P): NonNullable<ProfileSettings[P]>;
  /** A path that stands in this part of the profile. */
  path(part: Part, path: string): string;
  /** The contents of a file that this part of the profile names. */
  readText(part: Part, path: string): Promise<string>;
  /** The secret that a reference in this part of the profile names. */
  secret(part: Part, reference: string): Promise<string>;
  /** How many operators must approve a plan of this kind. */
  approvalsFor(kind: string): number;
  /** The platform database's URL, with its password: for connections only. */
  platformUrl(): Promise<string>;
  /** The URL of the login that may change the platform database. @throws {PosternError} exit 2 when there is none */
  platformWriteUrl(): Promise<string>;
  /** Postern's own database, by the run-time role. */
  state(): Promise<Pool>;
  kms(): Promise<KmsService>;
  store(name: string): Promise<ObjectStore>;
  close(): Promise<void>;
}

export interface OpenContextOptions {
  readonly configFile: string | undefined;
  readonly profile: string | undefined;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Reads the configuration; connects to nothing yet. @throws {PosternError} exit 2 */
export async function openContext(options: OpenContextOptions): Promise<PosternContext> {
  const { defaultSandboxConfig } = await import('./sandbox-config.ts');
  const config = await loadConfig({
    file: options.configFile,
    profile: options.profile,
    env: process.env,
    cwd: currentFolder(),
    sandboxFile: defaultSandboxConfig(process.env),
  });
  const closers: (() => Promise<void>)[] = [];
  const path = (part: Part, value: string): string => resolvePath(value, folderOf(config, part));
  const secret = (part: Part, reference: string): Promise<string> =>
    resolveSecret(reference, `${config.profileName}.${part}`, {
      folder: folderOf(config, part),
      env: process.env,
    });
  const settings = <P extends Part>(part: P): NonNullable<ProfileSettings[P]> => {
    const value = config.profile[part];
    if (part === 'backup') checkDestinations(config.profile, (name) => path('stores', name));
    if (value !== undefined) return value;
    throw usageError(`the profile ${config.profileName} has no ${part}`, {
      code: 'not-configured',
      hints: [`add ${part} to ${config.file}; docs/configuration.md shows how`],
    });
  };
  const context: PosternContext = {
    profile: config.profileName,
    config,
    clock: systemClock,
    progress: options.progress,
    signal: options.signal,
    settings,
    path,
    secret,
    readText: async (part, name) => {
      const file = path(part, name);
      try {
        return await readFile(file, 'utf8');
      } catch (error) {
        throw usageError(`${file}, named under ${part}, cannot be read: ${fileProblem(error)}`, {
          code: 'file-unreadable',
          cause: error,
        });
      }
    },
    approvalsFor: (kind) => config.profile.approvals?.[kind] ?? config.profile.approvals?.['default'] ?? 0,
    platformUrl: async () => secret('platform', settings('platform').url),
    platformWriteUrl: async () => {
      const { write_url: reference } = settings('platform');
      if (reference !== undefined) return secret('platform', reference);
      throw usageError(
        `the profile ${config.profileName} has no login that may change the platform database`,
        {
          code: 'not-configured',
          hints: [`add platform.write_url to ${config.file}; docs/configuration.md shows how`],
        },
      );
    },
    state: once(async () => {
      const pool = await openPool({
        url: await secret('state', settings('state').url),
        role: 'state database',
      });
      closers.push(() => pool.end());
      return pool;
    }),
    kms: once(async () => {
      const { kmsSettings } = await import('./cloud-settings.ts');
      const { openKms } = await import('../cloud/index.ts');
      return openKms(await kmsSettings(context));
    }),
    store: onceByName(async (name) => {
      const { storeSettings } = await import('./cloud-settings.ts');
      const { openObjectStore } = await import('../cloud/index.ts');
      return openObjectStore(await storeSettings(context, name));
    }),
    close: async () => {
      await Promise.allSettled(closers.map((closer) => closer()));
    },
  };
  return context;
}

function currentFolder(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw usageError('the folder that this runs in is no longer there', {
      code: 'folder-gone',
      cause,
      hints: ['change to another one'],
    });
  }
}

function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => (opened ??= open());
}

function onceByName<T>(open: (name: string) => Promise<T>): (name: string) => Promise<T> {
  const opened = new Map<string, Promise<T>>();
  return (name) => {
    const known = opened.get(name) ?? open(name);
    opened.set(name, known);
    return known;
  };
}
