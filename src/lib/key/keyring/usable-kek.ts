import { messageOf, PosternError, partial } from '../../base/error.ts';
import { shellQuote } from '../../base/shell-quote.ts';

/**
 * Does something by a KMS key. That it is disabled, or pending deletion, concerns everything under it, and passes when
 * it is enabled again: what is done stops there, and no single value is blamed.
 * @throws {PosternError} exit 7, `kms-key-unusable`; else as `work`
 */
export async function byKek<T>(kek: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PosternError) || error.code !== 'kms-key-unusable') throw error;
    const key = shellQuote(kek);
    throw partial(`${messageOf(error)}; what is under it stays as it is`, {
      code: 'kms-key-unusable',
      cause: error,
      hints: [
        `enable it: \`postern key retire ${key} --undo\` where it is disabled, \`postern key undestroy ${key}\` where its deletion is pending`,
      ],
    });
  }
}
