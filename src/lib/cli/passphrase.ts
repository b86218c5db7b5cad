import { readFile } from 'node:fs/promises';
import { usageError } from '../base/error.ts';
import { fileProblem } from '../base/file-problem.ts';
import type { Asking } from './prompt.ts';

export interface PassphraseSource {
  readonly file: string | undefined;
  /** The person said that there is to be none. */
  readonly none: boolean;
  readonly asking: Pick<Asking, 'isInteractive' | 'signal'>;
}

/**
 * A new passphrase: from a file, typed twice, or none when that was said.
 * @throws {PosternError} exit 2: an empty or unreadable file, two that differ, nobody to ask
 */
export async function newPassphrase(
  what: string,
  { file, none, asking: { isInteractive, signal } }: PassphraseSource,
): Promise<string | undefined> {
  if (none) return undefined;
  if (file !== undefined) return passphraseFile(file);
  if (!isInteractive) {
    throw usageError(`there is no terminal to ask for a ${what} on`, {
      code: 'needs-answer',
      hints: ['give it with --passphrase-file FILE, or say --no-passphrase'],
    });
  }
  const { password } = await import('@inquirer/prompts');
  const ask = (message: string): Promise<string> =>
    password({ message, mask: true }, { output: process.stderr, signal });
  const first = await ask(`${what}:`);
  if (first === '')
    throw usageError('the passphrase is empty', {
      code: 'passphrase-empty',
      hints: ['say --no-passphrase if that is meant'],
    });
  if ((await ask('once more:')) !== first)
    throw usageError('the two passphrases differ', { code: 'passphrase-differs' });
  return first;
}

/** A passphrase out of a file; one line feed at its end is not part of it. @throws {PosternError} exit 2 */
export async function passphraseFile(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw usageError(`the passphrase file ${file} cannot be read: ${fileProblem(error)}`, {
      code: 'file-unreadable',
      cause: error,
    });
  });
  const passphrase = text.replace(/\r?\n$/, '');
  if (passphrase !== '') return passphrase;
  throw usageError(`the passphrase file ${file} is empty`, { code: 'passphrase-empty' });
}
