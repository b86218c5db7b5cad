import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readCheckedYaml } from '../../src/lib/base/checked-yaml.ts';
import { PosternError } from '../../src/lib/base/error.ts';
import { configFile } from '../../src/lib/config/schema.ts';

const platform = (name: string) => ({ platform: { url: `\${env:${name}}` } });

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
