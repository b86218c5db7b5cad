import { PosternError, usageError } from '../../base/error.ts';
import type { Kms, KmsKey } from '../../cloud/kms.ts';

/**
 * The key that a person names by its id or ARN, by either as the register has it (`kek:ARN`), or by its description,
 * which is the name that `key list` shows.
 * @throws {PosternError} exit 2 `key-ambiguous`: several keys have this description; as `Kms.describeKey`
 */
export async function keyCalled(kms: Pick<Kms, 'describeKey' | 'listKeys'>, asked: string): Promise<KmsKey> {
  const name = asked.replace(/^(?:kek|certificate-signer):/, '');
  try {
    return await kms.describeKey(name);
  } catch (error) {
    if (!(error instanceof PosternError) || error.code !== 'kms-key-missing') throw error;
    const [key, ...others] = await described(kms, asked);
    if (key === undefined) throw error;
    if (others.length === 0) return key;
    throw usageError(`${asked} is the description of ${others.length + 1} keys`, {
      code: 'key-ambiguous',
      hints: [key, ...others].map(({ arn, state }) => `name the one that is meant: ${arn} (${state})`),
    });
  }
}

/** None where the keys may not be listed: then nothing has this name. */
async function described(kms: Pick<Kms, 'listKeys'>, description: string): Promise<readonly KmsKey[]> {
  const found: KmsKey[] = [];
  try {
    for await (const key of kms.listKeys()) if (key.description === description) found.push(key);
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    return [];
  }
  return found;
}
