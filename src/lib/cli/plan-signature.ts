import { readFile } from 'node:fs/promises';
import { messageOf, PosternError, usageError } from '../base/error.ts';
import { type Plan, shortId } from '../operation/plan.ts';
import type { PosternContext } from './context.ts';
import { operatorKey } from './operator.ts';
import { passphraseFile } from './passphrase.ts';
import type { Asking } from './prompt.ts';

export interface SignatureSource {
  /** A file with a detached signature, armored or binary. */
  readonly signature: string | undefined;
  /** A file with the armored secret key to sign with. */
  readonly key: string | undefined;
  /** A file with that key's passphrase. */
  readonly passphraseFile: string | undefined;
}

/**
 * The operator's signature over a plan: made elsewhere and read from a file, or made here with the given or the
 * configured key.
 * @throws {PosternError} exit 2 when there is nothing to sign with, or the key does not open
 */
export async function planSignature(
  context: PosternContext,
  plan: Plan,
  source: SignatureSource,
  asking: Asking,
): Promise<string | Uint8Array> {
  if (source.signature !== undefined) return readInput(source.signature, 'signature');
  const { signDetached } = await import('../crypto/openpgp-signature.ts');
  const data = Buffer.from(plan.text);
  if (source.key === undefined) {
    const key = await operatorKey(context);
    if (key !== undefined) return signDetached(data, key);
    throw usageError('there is no signature and no key to make one with', {
      code: 'signature-missing',
      hints: [
        `postern plan show ${shortId(plan.id)} --canonical > plan.json && gpg --detach-sign --armor plan.json`,
        'then give --signature plan.json.asc; or give --key FILE, or set operator.secret_key in the profile',
      ],
    });
  }
  const secretKey = (await readInput(source.key, 'key')).toString('utf8');
  if (source.passphraseFile !== undefined) {
    return signDetached(data, { secretKey, passphrase: await passphraseFile(source.passphraseFile) });
  }
  try {
    return await signDetached(data, { secretKey });
  } catch (error) {
    if (!asking.isInteractive || !(error instanceof PosternError) || error.code !== 'secret-key-locked')
      throw error;
    const { password } = await import('@inquirer/prompts');
    const typed = await password({ message: 'passphrase of the key:' }, { output: process.stderr });
    return signDetached(data, { secretKey, passphrase: typed });
  }
}

/** A file that an argument or a flag names. @throws {PosternError} exit 2, `code: 'file-unreadable'` */
export async function readInput(file: string, flag?: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw usageError(
      `${file}${flag === undefined ? '' : `, given by --${flag},`} cannot be read: ${messageOf(cause)}`,
      {
        code: 'file-unreadable',
        cause,
      },
    );
  }
}
