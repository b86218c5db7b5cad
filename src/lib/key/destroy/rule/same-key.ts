import { PosternError } from '../../../base/error.ts';
import type { Kms, KmsKey } from '../../../cloud/kms.ts';

/**
 * Whether a name as somebody wrote it means this key. An alias, and a key that may not be looked at, could mean any.
 * @param written an id or ARN, or null where nothing is written
 */
export async function meansKey(
  kms: Pick<Kms, 'describeKey'>,
  key: KmsKey,
  written: string | null,
): Promise<'yes' | 'no' | 'unknown'> {
  if (written === null) return 'unknown';
  if (written === key.arn) return 'yes';
  try {
    return (await kms.describeKey(written)).arn === key.arn ? 'yes' : 'no';
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    return error.code === 'kms-key-missing' ? 'no' : 'unknown';
  }
}
