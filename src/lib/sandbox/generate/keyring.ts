import type { ColumnKey } from '../../crypto/column-value.ts';
import { randomBytesFrom, randomFor, uuidFrom } from './random.ts';
import type { World } from './world.ts';

/** A data encryption key of the generated platform. It protects invented tokens only, so that it may follow from the seed. */
export interface SubjectKey {
  /** The keyring row's UUID. */
  readonly id: string;
  readonly accountId: number;
  readonly version: number;
  readonly state: 'active' | 'decrypt-only';
  readonly dataKey: Buffer;
}

/** The keys of an account: every tenth has an older version too, whose tokens were never encrypted again. */
export function subjectKeys({ seed }: World, accountIndex: number): readonly SubjectKey[] {
  const versions = accountIndex % 10 === 0 ? 2 : 1;
  return Array.from({ length: versions }, (_, position) => {
    const random = randomFor(seed, 'secret', accountIndex * 2 + position);
    return {
      id: uuidFrom(random),
      accountId: accountIndex + 1,
      version: position + 1,
      state: position + 1 === versions ? 'active' : 'decrypt-only',
      dataKey: randomBytesFrom(random, 32),
    };
  });
}

/** What encrypts the value of one row under this key; `index` makes the salt. */
export function saltedKey(
  { seed }: World,
  { id, dataKey }: SubjectKey,
  index: number,
): ColumnKey & { readonly salt: Buffer } {
  return { id, dataKey, salt: randomBytesFrom(randomFor(seed, 'token', index), 32) };
}
