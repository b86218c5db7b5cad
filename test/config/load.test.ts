import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { folderOf, type LoadOptions, loadConfig, userConfigPath } from '../../src/lib/config/load.ts';

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'postern-config-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

interface Place extends LoadOptions {
  readonly home: string;
}

/** A folder to work in, a user's configuration folder and a sandbox's file, each with what is given. */
async function place(files: {
  readonly here?: object;
  readonly user?: object;
  readonly sandbox?: object;
}): Promise<Place> {
  count += 1;
  const home = join(root, `place-${count}`);
  const cwd = join(home, 'work');
  await mkdir(join(home, 'config/postern'), { recursive: true });
  await mkdir(cwd);
  const write = (path: string, value: object | undefined) =>
    value === undefined ? undefined : writeFile(join(home, path), stringify({ version: 1, ...value }));
  await write('work/postern.yaml', files.here);
  await write('config/postern/postern.yaml', files.user);
  await write('sandbox.yaml', files.sandbox);
  return {
    home,
    cwd,
    env: { XDG_CONFIG_HOME: join(home, 'config') },
    sandboxFile: join(home, 'sandbox.yaml'),
  };
}

const platform = (name: string) => ({ platform: { url: `\${env:${name}}` } });
const state = (name: string) => ({ state: { url: `\${env:${name}}` } });

describe('which configuration is in force', () => {
  it('takes each part whole from the first file that has it, and tells which', async () => {
    const at = await place({
      here: { profiles: { prod: { platform: { url: '${env:HERE}' } } } },
      user: {
        default_profile: 'prod',
        profiles: { prod: { platform: { url: '${env:USER}', map: 'map.yaml' }, ...state('USER') } },
      },
    });
    const config = await loadConfig(at);
    expect(config.profile).toEqual({ ...platform('HERE'), ...state('USER') });
    expect(config.origins).toEqual({
      platform: join(at.cwd, 'postern.yaml'),
      state: userConfigPath(at.env),
    });
    expect([folderOf(config, 'platform'), folderOf(config, 'state')]).toEqual([
      at.cwd,
      join(at.home, 'config/postern'),
    ]);
  });

  it('puts the environment above the files for the two URLs, and counts an empty variable as not set', async () => {
    const at = await place({
      here: { profiles: { prod: { platform: { url: '${env:HERE}', map: 'map.yaml' } } } },
    });
    const env = { ...at.env, POSTERN_PLATFORM_URL: 'postgresql://a/b', POSTERN_STATE_URL: '' };
    const { profile, origins } = await loadConfig({ ...at, env });
    expect(profile).toEqual({ platform: { url: '${env:POSTERN_PLATFORM_URL}', map: 'map.yaml' } });
    expect(origins).toMatchObject({ 'platform.url': 'environment', platform: join(at.cwd, 'postern.yaml') });
  });

  it('puts the flag above the environment, and that above the file, for the profile and for the file', async () => {
    const at = await place({ here: { default_profile: 'a', profiles: { a: {}, b: {}, c: {} } } });
    const env = { ...at.env, POSTERN_PROFILE: 'b' };
    const chosen = async (options: LoadOptions) => {
      const { profileName, profileOrigin } = await loadConfig(options);
      return [profileName, profileOrigin];
    };
    expect(await chosen({ ...at, env, profile: 'c' })).toEqual(['c', 'flag']);
    expect(await chosen({ ...at, env })).toEqual(['b', 'environment']);
    expect(await chosen(at)).toEqual(['a', join(at.cwd, 'postern.yaml')]);
    expect(await chosen({ ...at, env: { ...at.env, POSTERN_PROFILE: '' } })).toMatchObject(['a', {}]);
    for (const name of ['flag', 'env'])
      await writeFile(join(at.home, `${name}.yaml`), `version: 1\nprofiles: {${name}: {}}\n`);
    const both = { ...at.env, POSTERN_CONFIG: join(at.home, 'env.yaml') };
    expect((await loadConfig({ ...at, env: both, file: '../flag.yaml' })).profileName).toBe('flag');
    expect((await loadConfig({ ...at, env: both })).profileName).toBe('env');
  });

  it('reads a file that is named and no other: the user’s parts are not added', async () => {
    const at = await place({ here: { profiles: { a: {} } }, user: { profiles: { a: state('USER') } } });
    expect((await loadConfig({ ...at, file: 'postern.yaml' })).profile).toEqual({});
    expect((await loadConfig(at)).profile).toEqual(state('USER'));
  });

  it('takes the sandbox’s file only where there is no other, or none with the wanted profile', async () => {
    const sandbox = {
      default_profile: 'sandbox',
      profiles: { sandbox: platform('SANDBOX'), production: state('SANDBOX') },
    };
    const alone = await loadConfig(await place({ sandbox }));
    expect(alone).toMatchObject({ profileName: 'sandbox', profile: platform('SANDBOX') });
    const at = await place({ sandbox, here: { profiles: { production: platform('HERE') } } });
    expect(await loadConfig(at)).toMatchObject({ profileName: 'production', profile: platform('HERE') });
    expect((await loadConfig(at)).profile).toEqual(platform('HERE'));
    expect((await loadConfig({ ...at, profile: 'sandbox' })).profile).toEqual(platform('SANDBOX'));
  });

  it('does not let a second file choose the profile where the first has only one', async () => {
    const at = await place({
      here: { profiles: { production: {} } },
      user: { default_profile: 'staging', profiles: { staging: {} } },
    });
    expect((await loadConfig(at)).profileName).toBe('production');
  });

  it('asks for a profile where several could be meant, and names those that there are', async () => {
    const at = await place({ here: { profiles: { a: {}, b: {} } } });
    await expect(loadConfig(at)).rejects.toMatchObject({ exitCode: 2, code: 'profile-missing' });
    await expect(loadConfig({ ...at, profile: 'c' })).rejects.toMatchObject({
      exitCode: 2,
      message: 'there is no profile c',
      hints: [expect.stringContaining('are: a, b')],
    });
  });

  it('says how to begin where there is none', async () => {
    await expect(loadConfig(await place({}))).rejects.toMatchObject({
      exitCode: 2,
      code: 'config-missing',
      hints: [expect.stringContaining('postern config init')],
    });
  });

  it('says which file cannot be read: one that is missing, a folder, one without permission', async () => {
    const at = await place({ here: { profiles: { a: {} } } });
    const refused = (file: string) => expect(loadConfig({ ...at, file })).rejects;
    await refused('missing.yaml').toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/missing\.yaml cannot be read: there is no such file$/),
    });
    await refused('.').toMatchObject({
      message: expect.stringMatching(/work cannot be read: it is a folder$/),
    });
    if (process.getuid?.() === 0) return;
    await chmod(join(at.cwd, 'postern.yaml'), 0);
    await refused('postern.yaml').toMatchObject({ message: expect.stringContaining('permission denied') });
  });
});
