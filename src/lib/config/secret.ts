import { readFile, stat } from 'node:fs/promises';
import { usageError } from '../base/error.ts';
import { fileProblem } from '../base/file-problem.ts';
import { resolvePath } from './path.ts';

/** `${file:PATH}` or `${env:NAME}`: where a secret is. */
export const secretReference = /^\$\{(file|env):([^}]+)\}$/;

export interface SecretSource {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Resolves `${file:PATH}` and `${env:NAME}`. One trailing line feed of a file is dropped, since editors add it.
 * @param name where the reference stands, for messages
 * @throws {PosternError} exit 2: a literal instead of a reference, a file that others may read, nothing there
 */
export async function resolveSecret(text: string, name: string, source: SecretSource): Promise<string> {
  const match = secretReference.exec(text);
  const [, kind, target = ''] = match ?? [];
  if (kind === undefined) {
    throw usageError(`${name} holds a secret in clear text`, {
      code: 'secret-in-clear',
      hints: ['write the secret to a file of mode 0600 and put ${file:PATH} here, or ${env:NAME}'],
    });
  }
  return kind === 'env' ? fromEnvironment(target, name, source) : fromFile(target, name, source);
}

function fromEnvironment(variable: string, name: string, { env }: SecretSource): string {
  const value = env[variable];
  if (value !== undefined && value !== '') return value;
  throw usageError(`${name} names the environment variable ${variable}, which is not set`, {
    code: 'secret-missing',
  });
}

async function fromFile(target: string, name: string, { folder }: SecretSource): Promise<string> {
  const path = resolvePath(target, folder);
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) {
      throw usageError(`${name} names ${path}, which others may read (mode ${(mode & 0o777).toString(8)})`, {
        code: 'secret-exposed',
        hints: [`chmod 600 ${path}`],
      });
    }
    const value = (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
    if (value !== '') return value;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.name !== 'PosternError') {
      throw usageError(`${name} names ${path}, which cannot be read: ${fileProblem(error)}`, {
        code: 'secret-missing',
        cause: error,
      });
    }
    throw error;
  }
  throw usageError(`${name} names ${path}, which is empty`, { code: 'secret-missing' });
}
