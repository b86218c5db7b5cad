import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readCheckedYaml } from '../../src/lib/base/checked-yaml.ts';
import { PosternError } from '../../src/lib/base/error.ts';
import { folderOf, type LoadOptions, loadConfig, userConfigPath } from '../../src/lib/config/load.ts';
import { configFile } from '../../src/lib/config/schema.ts';

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

const problemOf = async (text: string): Promise<PosternError> => {
  const thrown: unknown = await readCheckedYaml(text, 'p.yaml', configFile).catch((error: unknown) => error);
  if (!(thrown instanceof PosternError)) throw new Error('no PosternError', { cause: thrown });
  expect(thrown).toMatchObject({ exitCode: 2, code: 'yaml-invalid' });
  return thrown;
};
const inProfile = (body: string): string => `version: 1\nprofiles:\n  a:\n    ${body}\n`;

describe('a configuration that is none', () => {
  it.each([
    [
      'an unknown key, at the key itself',
      inProfile('platfrom: {}'),
      'p.yaml:4:5: profiles.a.platfrom: unknown key; did you mean platform?',
    ],
    [
      'an unknown key deep down',
      inProfile('platform: {url: "${env:A}", mapp: x}'),
      'p.yaml:4:33: profiles.a.platform.mapp: unknown key; did you mean map?',
    ],
    [
      'an unknown key in the form that its adapter names',
      inProfile('stores: {b: {adapter: local, path: x, region: y}}'),
      'stores.b.region: unknown key; known here are adapter, path, durability',
    ],
    [
      'a wrong type',
      inProfile('approvals: {default: many}'),
      '4:26: profiles.a.approvals.default: expected a number, not a text',
    ],
    [
      'a number out of its range',
      inProfile('approvals: {default: 11}'),
      'approvals.default: expected at most 10',
    ],
    [
      'part of a number',
      inProfile('approvals: {default: 1.5}'),
      'approvals.default: expected a whole number, not a number',
    ],
    ['a missing key', inProfile('platform: {}'), '4:15: profiles.a.platform.url: missing; expected a text'],
    [
      'a word that is no choice',
      inProfile('stores: {b: {adapter: local, path: x, durability: slow}}'),
      'durability: expected one of synced, fast',
    ],
    [
      'an adapter that there is not',
      inProfile('stores: {b: {adapter: ftp}}'),
      'stores.b.adapter: expected one of local, s3',
    ],
    [
      'no adapter',
      inProfile('stores: {b: {path: x}}'),
      'stores.b.adapter: missing; expected one of local, s3',
    ],
    ['what is no URL', inProfile('kms: {adapter: aws, endpoint: nowhere}'), 'kms.endpoint: expected a URL'],
    [
      'one recipient',
      inProfile('backup: {recipients: [a]}'),
      'backup.recipients: expected at least two keys',
    ],
    [
      'no recipient',
      inProfile('backup: {recipients: [], kms_key: k}'),
      'backup.recipients: expected at least',
    ],
    [
      'a size that is none',
      inProfile('backup: {part_size: big}'),
      'backup.part_size: expected a size such as 64MiB',
    ],
    [
      'an unsealed key file',
      inProfile('kms: {adapter: local, path: x}'),
      'kms: expected passphrase or openpgp_key',
    ],
    [
      'a name that is none',
      'version: 1\nprofiles:\n  Prod: {}\n',
      'p.yaml:3:3: profiles.Prod: expected a name of lowercase letters',
    ],
    ['a newer version', 'version: 2\nprofiles: {}\n', 'p.yaml:1:10: version: expected version 1'],
    [
      'a key that comes twice',
      'version: 1\nprofiles: {}\nprofiles: {}\n',
      'p.yaml:3:1: map keys must be unique',
    ],
    ['tabs', 'version: 1\nprofiles:\n\ta: {}\n', 'p.yaml:3:1: '],
    ['no YAML', 'version: [1', 'p.yaml:1:'],
    ['two documents', 'version: 1\n---\nversion: 1\n', 'p.yaml:2:'],
    ['an empty file', '', 'p.yaml:1:1: expected a mapping, not nothing'],
    ['a list', '- a', 'p.yaml:1:1: expected a mapping, not a list'],
  ])('is told with its place: %s', async (_, text, says) => {
    expect((await problemOf(text)).message).toContain(says);
  });

  it('is told at once, in the order of the lines', async () => {
    const { message } = await problemOf(
      'version: 1\nprofiles:\n  a:\n    platfrom: {}\n    approvals: {default: x}\n  b: 5\nversoin: 1\n',
    );
    expect(message.split('\n').map((line) => line.trim())).toEqual([
      '4 problems',
      'p.yaml:4:5: profiles.a.platfrom: unknown key; did you mean platform?',
      'p.yaml:5:26: profiles.a.approvals.default: expected a number, not a text',
      'p.yaml:6:6: profiles.b: expected a mapping, not a number',
      'p.yaml:7:1: versoin: unknown key; did you mean version?',
    ]);
  });

  it('is refused where aliases would grow without end', async () => {
    const levels = Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`);
    expect((await problemOf(['a0: &a0 [x, x]', ...levels].join('\n'))).message).toMatch(
      /^p\.yaml:1:1: excessive alias count/,
    );
  });

  it('never repeats a secret that stands where its reference should', async () => {
    for (const body of [
      'platform: {url: "postgresql://u:hunter2@h/d"}',
      'kms: {adapter: local, path: x, passphrase: hunter2}',
      'stores: {b: {adapter: s3, bucket: bbb, credentials: {access_key_id: hunter2, secret_access_key: hunter2}}}',
      'backup: {signer: {secret_key: x, passphrase: hunter2}}',
    ]) {
      const { message } = await problemOf(inProfile(body));
      expect(message).toContain('expected a reference, ${file:PATH} or ${env:NAME}');
      expect(message).not.toContain('hunter2');
    }
  });

  it('is one clear error whatever the text', async () => {
    const calm = async (text: string): Promise<void> => {
      const thrown: unknown = await readCheckedYaml(text, 'x', configFile).catch((error: unknown) => error);
      if (thrown instanceof Error && !(thrown instanceof PosternError)) throw thrown;
    };
    const whole = stringify({
      version: 1,
      profiles: { a: { ...platform('A'), stores: { b: { adapter: 's3' } } } },
    });
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary' }), calm), { numRuns: 150 });
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), (value) => calm(inProfile(`backup: ${JSON.stringify(value)}`))),
      { numRuns: 150 },
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.string({ maxLength: 3 }), (at, text) =>
        calm(whole.slice(0, at) + text + whole.slice(at + 1)),
      ),
      { numRuns: 150 },
    );
  });
});
