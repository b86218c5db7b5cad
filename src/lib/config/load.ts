import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { readCheckedYaml } from '../base/checked-yaml.ts';
import { usageError } from '../base/error.ts';
import { fileProblem } from '../base/file-problem.ts';
import { type ConfigFile, configFile, type ProfileSettings } from './schema.ts';

/** Which source had the last word: `flag`, `environment`, or the path of a file. */
export type Origin = 'flag' | 'environment' | (string & {});

export interface LoadedConfig {
  readonly file: string;
  readonly profileName: string;
  readonly profileOrigin: Origin;
  readonly profileNames: readonly string[];
  readonly profile: ProfileSettings;
  /** Where each part of the profile came from: `platform` → a path, `platform.url` → `environment`. */
  readonly origins: Readonly<Record<string, Origin>>;
}

export interface LoadOptions {
  readonly file?: string | undefined;
  readonly profile?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The configuration that a sandbox wrote; taken where no other file is, or none that has the wanted profile. */
  readonly sandboxFile?: string | undefined;
}

/**
 * Finds, reads and checks the configuration: flag, then POSTERN_CONFIG, then ./postern.yaml, then the user's file,
 * then the sandbox's. The user's file adds the parts that the first file's profile leaves out.
 * @throws {PosternError} exit 2 with file, line and column of every problem
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const wanted = options.profile ?? variable(options.env, 'POSTERN_PROFILE');
  const explicit = options.file ?? variable(options.env, 'POSTERN_CONFIG');
  const files =
    explicit === undefined
      ? await readUsualFiles(options, wanted)
      : [await readConfig(resolve(options.cwd, explicit), 'required')].filter((file) => file !== undefined);
  const [main] = files;
  if (main === undefined) {
    throw usageError('there is no configuration', {
      code: 'config-missing',
      hints: ['`postern config init` writes one; `postern sandbox up` starts a platform to try things on'],
    });
  }
  const profileName =
    wanted ??
    main.value.default_profile ??
    onlyProfile(main) ??
    files.find(({ value }) => value.default_profile !== undefined)?.value.default_profile;
  if (profileName === undefined) {
    throw usageError('the configuration has several profiles and no default_profile', {
      code: 'profile-missing',
      hints: ['choose one with --profile'],
    });
  }
  const profileNames = [...new Set(files.flatMap(({ value }) => Object.keys(value.profiles)))];
  const holders = files.flatMap(({ path, value }) => {
    const profile = value.profiles[profileName];
    return profile === undefined ? [] : [{ path, profile }];
  });
  const first = holders[0];
  if (first === undefined) {
    throw usageError(`there is no profile ${profileName}`, {
      code: 'profile-missing',
      hints: [
        `the profiles of ${files.map(({ path }) => path).join(' and ')} are: ${profileNames.join(', ')}`,
      ],
    });
  }
  const merged = mergeParts(holders, options.env);
  return {
    file: first.path,
    profileName,
    profileOrigin: options.profile !== undefined ? 'flag' : wanted !== undefined ? 'environment' : first.path,
    profileNames,
    ...merged,
  };
}

interface ReadConfig {
  readonly path: string;
  readonly value: ConfigFile;
}

/** The usual places in their order. The sandbox's file never adds to another one: it only fills an empty place. */
async function readUsualFiles(
  { cwd, env, sandboxFile }: LoadOptions,
  wanted: string | undefined,
): Promise<readonly ReadConfig[]> {
  const own: ReadConfig[] = [];
  for (const path of [join(cwd, 'postern.yaml'), userConfigPath(env)]) {
    const file = await readConfig(path, 'optional');
    if (file !== undefined) own.push(file);
  }
  const isServed =
    own.length > 0 && (wanted === undefined || own.some(({ value }) => wanted in value.profiles));
  if (isServed || sandboxFile === undefined) return own;
  const sandbox = await readConfig(sandboxFile, 'optional');
  return sandbox === undefined ? own : [...own, sandbox];
}

async function readConfig(path: string, need: 'required' | 'optional'): Promise<ReadConfig | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (need === 'optional' && (code === 'ENOENT' || code === 'ENOTDIR')) return undefined;
    throw usageError(`the configuration ${path} cannot be read: ${fileProblem(error)}`, {
      code: 'config-missing',
      cause: error,
    });
  });
  if (text === undefined) return undefined;
  return { path, value: (await readCheckedYaml(text, path, configFile)).value };
}

/**
 * Each part of a profile (platform, state, backup…) comes whole from the first source that has it, so that a
 * relative path inside it always starts at the file it stands in.
 */
function mergeParts(
  holders: readonly { readonly path: string; readonly profile: ProfileSettings }[],
  env: LoadOptions['env'],
): Pick<LoadedConfig, 'profile' | 'origins'> {
  const profile: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const holder of holders) {
    for (const [part, value] of Object.entries(holder.profile)) {
      if (part in profile) continue;
      profile[part] = value;
      origins[part] = holder.path;
    }
  }
  for (const [part, name] of Object.entries(urlVariables)) {
    if (variable(env, name) === undefined) continue;
    profile[part] = { ...(profile[part] as object | undefined), url: `\${env:${name}}` };
    origins[`${part}.url`] = 'environment';
  }
  return { profile, origins };
}

/** The environment variables that stand above the files. */
const urlVariables: Readonly<Record<string, string>> = {
  platform: 'POSTERN_PLATFORM_URL',
  state: 'POSTERN_STATE_URL',
};

/** The folder that relative paths in this part of the profile start at. */
export function folderOf(config: LoadedConfig, part: keyof ProfileSettings): string {
  return dirname(config.origins[part] ?? config.file);
}

/** Where a person's own configuration lives, by the XDG base directory specification. */
export function userConfigPath(env: Readonly<Record<string, string | undefined>>): string {
  return join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'postern', 'postern.yaml');
}

function onlyProfile({ value }: ReadConfig): string | undefined {
  const names = Object.keys(value.profiles);
  return names.length === 1 ? names[0] : undefined;
}

/** An environment variable that is set to something; an empty one counts as not set. */
function variable(env: LoadOptions['env'], name: string): string | undefined {
  return env[name] === '' ? undefined : env[name];
}
