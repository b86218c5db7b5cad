import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { readCheckedYaml } from '../base/checked-yaml.ts';
import { messageOf, usageError } from '../base/error.ts';
import { configFile, type ProfileSettings } from './schema.ts';

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
  /** The configuration that a running sandbox wrote; taken when nothing else is there, or for the profile `sandbox`. */
  readonly sandboxFile?: string | undefined;
}

/**
 * Finds, reads and checks the configuration: flag, then POSTERN_CONFIG, then ./postern.yaml, then the user's file,
 * then the running sandbox's. A user file adds the parts that the first file's profile leaves out.
 * @throws {PosternError} exit 2 with file, line and column of every problem
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const wanted = options.profile ?? options.env['POSTERN_PROFILE'];
  const explicit = options.file ?? options.env['POSTERN_CONFIG'];
  const user = userConfigPath(options.env);
  const candidates =
    explicit === undefined
      ? [join(options.cwd, 'postern.yaml'), user, options.sandboxFile]
      : [resolve(options.cwd, explicit)];
  const found: { readonly path: string; readonly text: string }[] = [];
  for (const path of candidates) {
    const text =
      path === undefined
        ? undefined
        : await readIfThere(path, path === candidates[0] && explicit !== undefined);
    if (path !== undefined && text !== undefined) found.push({ path, text });
  }
  if (found.length === 0) {
    throw usageError('there is no configuration', {
      code: 'config-missing',
      hints: ['`postern config init` writes one; `postern sandbox up` starts a platform to try things on'],
    });
  }
  const files = await Promise.all(
    found.map(async ({ path, text }) => ({
      path,
      value: (await readCheckedYaml(text, path, configFile)).value,
    })),
  );
  const profileName =
    wanted ??
    files.find(({ value }) => value.default_profile !== undefined)?.value.default_profile ??
    onlyProfile(files);
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
      hints: [`the profiles are: ${profileNames.join(', ')}`],
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
  for (const [part, variable] of Object.entries(urlVariables)) {
    if (env[variable] === undefined) continue;
    profile[part] = { ...(profile[part] as object | undefined), url: `\${env:${variable}}` };
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

function onlyProfile(
  files: readonly { readonly value: { readonly profiles: Readonly<Record<string, unknown>> } }[],
): string | undefined {
  const names = new Set(files.flatMap(({ value }) => Object.keys(value.profiles)));
  return names.size === 1 ? [...names][0] : undefined;
}

async function readIfThere(path: string, isRequired: boolean): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (!isRequired && (code === 'ENOENT' || code === 'ENOTDIR')) return undefined;
    throw usageError(`the configuration ${path} cannot be read: ${messageOf(error)}`, {
      code: 'config-missing',
      cause: error,
    });
  }
}
