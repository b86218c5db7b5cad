import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolveSecret } from '../../src/lib/config/secret.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-secret-'));
  await writeFile(join(folder, 'good'), 'two words \r\n', { mode: 0o600 });
  await writeFile(join(folder, 'empty'), '\n', { mode: 0o600 });
  await writeFile(join(folder, 'open'), 'hunter2');
  await chmod(join(folder, 'open'), 0o644);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const resolve = (text: string): Promise<string> =>
  resolveSecret(text, 'prod.state', { folder, env: { GOOD: 'from the environment', EMPTY: '' } });

test('a reference is followed: to the environment, to a file beside the configuration, to an absolute path', async () => {
  expect(await resolve('${env:GOOD}')).toBe('from the environment');
  expect(await resolve('${file:good}')).toBe('two words ');
  expect(await resolve(`\${file:${join(folder, 'good')}}`)).toBe('two words ');
});

test('a secret in clear text is refused and not repeated', async () => {
  for (const text of ['hunter2', 'x${env:GOOD}', '${env:GOOD}x', '${cmd:hunter2}', '${env:}']) {
    const refused = await resolve(text).catch((error: unknown) => error);
    expect(refused).toMatchObject({ exitCode: 2, code: 'secret-in-clear' });
    expect((refused as Error).message).not.toContain('hunter2');
  }
});

test('a file that others may read is refused with the command that mends it', async () => {
  await expect(resolve('${file:open}')).rejects.toMatchObject({
    exitCode: 2,
    code: 'secret-exposed',
    message: expect.stringContaining('mode 644'),
    hints: [`chmod 600 ${join(folder, 'open')}`],
  });
});

test('a secret that is not there is told by its name: no variable, an empty one, no file, an empty one, a folder', async () => {
  for (const [text, says] of [
    ['${env:NONE}', 'environment variable NONE, which is not set'],
    ['${env:EMPTY}', 'environment variable EMPTY, which is not set'],
    ['${file:none}', 'none, which cannot be read: there is no such file'],
    ['${file:empty}', 'empty, which is empty'],
  ] as const) {
    await expect(resolve(text)).rejects.toMatchObject({
      exitCode: 2,
      code: 'secret-missing',
      message: expect.stringContaining(says),
    });
  }
  await chmod(folder, 0o700);
  await expect(resolve('${file:.}')).rejects.toMatchObject({ exitCode: 2, code: 'secret-missing' });
});
