import { usageError } from '../base/error.ts';
import { type NameHasher, nameHasher } from '../subject/name-hash/index.ts';
import { type PseudonymKeys, pseudonymKeysOf } from '../subject/pseudonym/index.ts';
import type { PosternContext } from './context.ts';

/**
 * What hashes the names of persons; undefined where no key is configured.
 * @throws {PosternError} exit 2: a secret that cannot be read; as `nameHasher`
 */
export async function subjectKeys(context: PosternContext): Promise<NameHasher | undefined> {
  const [first, ...others] = context.config.profile.subjects?.hmac_keys ?? [];
  if (first === undefined) return undefined;
  const secret = (reference: string): Promise<string> => context.secret('subjects', reference);
  return nameHasher([await secret(first), ...(await Promise.all(others.map(secret)))]);
}

/** As `subjectKeys`. @throws {PosternError} exit 2, `not-configured`; as `subjectKeys` */
export async function requireSubjectKeys(context: PosternContext): Promise<NameHasher> {
  const hasher = await subjectKeys(context);
  if (hasher !== undefined) return hasher;
  throw usageError(`the profile ${context.profile} has no key to hash the names of persons with`, {
    code: 'not-configured',
    hints: [
      '`openssl rand -hex 32` makes one: put it where its secrets are, and ${file:PATH} or ${env:NAME} under subjects.hmac_keys',
    ],
  });
}

/**
 * What pseudonyms are made with, the newest first; undefined where no key is configured.
 * @throws {PosternError} exit 2: a secret that cannot be read; as `pseudonymKeysOf`
 */
export async function pseudonymKeys(context: PosternContext): Promise<PseudonymKeys | undefined> {
  const [newest, ...others] = context.config.profile.subjects?.pseudonym_keys ?? [];
  if (newest === undefined) return undefined;
  const read = async ({ version, key }: typeof newest) => ({
    version,
    secret: await context.secret('subjects', key),
  });
  return pseudonymKeysOf([await read(newest), ...(await Promise.all(others.map(read)))]);
}
