import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, refused, usageError } from '../../base/error.ts';
import type { NameHasher } from '../name-hash/index.ts';

/** Who is meant, and what is right: values of a person, which no plan may keep. */
export const rectifyValues = z.strictObject({
  /** Names of the person, as `subject find` takes them. */
  who: z.array(z.string().min(1)).min(1),
  /** The name that is wrong; left out where a field is set. */
  from: z.string().min(1).optional(),
  to: z.string().regex(/^[^\0]+$/),
  /** Names that several persons share: they lead to nobody. */
  shared: z.array(z.string().min(1)).min(1).optional(),
});

export type RectifyValues = z.infer<typeof rectifyValues>;

/** What a plan keeps in place of them: a hash under the key of `subjects.hmac_keys`, with a salt. */
export interface Commitment {
  readonly salt: string;
  readonly hash: string;
}

export const commit = (hasher: NameHasher, values: RectifyValues): Commitment => {
  const salt = randomBytes(16).toString('hex');
  return { salt, hash: hasher.hash('ledger', 'rectified values', digest(salt, values)) };
};

/** Also under a key that was replaced since. */
const isCommitted = (hasher: NameHasher, { salt, hash }: Commitment, values: RectifyValues): boolean =>
  hasher.all('ledger', 'rectified values', digest(salt, values)).includes(hash);

const digest = (salt: string, { who, from, to, shared }: RectifyValues): string =>
  createHash('sha256')
    .update(JSON.stringify([salt, who, from ?? null, to, ...(shared === undefined ? [] : [shared])]))
    .digest('hex');

/** A value that somebody gave: another encoding would be written into the database as question marks. @throws {PosternError} exit 2 */
export function valueText(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Told below.
  }
  throw usageError('the new value is no text in UTF-8', { code: 'rectify-values-invalid' });
}

/** @throws {PosternError} exit 2, `rectify-values-invalid` */
export async function readValues(path: string): Promise<RectifyValues> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw usageError(`the values cannot be read: ${messageOf(error)}`, {
      code: 'rectify-values-invalid',
      cause: error,
    });
  }
  try {
    return rectifyValues.parse(JSON.parse(valueText(bytes)));
  } catch {
    // The parsers' own messages quote what they read.
    throw usageError(`${path} does not hold the values of a rectification`, {
      code: 'rectify-values-invalid',
      hints: ['it is JSON: {"who": ["ann@example.org"], "from": "old@example.org", "to": "new@example.org"}'],
    });
  }
}

/**
 * The values that a plan was made with: of this process, or from the file that the plan names.
 * @throws {PosternError} exit 6, `rectify-values-missing`, `rectify-values-changed`
 */
export async function committedValues(
  hasher: NameHasher,
  plan: { readonly commitment: Commitment; readonly valuesFile: string | null },
  given: RectifyValues | undefined,
): Promise<RectifyValues> {
  const values = given ?? (plan.valuesFile === null ? undefined : await readValues(plan.valuesFile));
  if (values === undefined) {
    throw refused('the plan does not keep what is right, and was made without a file of values', {
      code: 'rectify-values-missing',
      hints: ['give the plan up and run `postern subject rectify` again: it goes on with what is left'],
    });
  }
  if (isCommitted(hasher, plan.commitment, values)) return values;
  throw refused('the values are not those that the plan was made and approved with', {
    code: 'rectify-values-changed',
    hints: [
      `put the file back as it was${plan.valuesFile === null ? '' : `: ${plan.valuesFile}`}`,
      'or make the plan again',
    ],
  });
}
