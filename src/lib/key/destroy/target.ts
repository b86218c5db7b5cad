import { refused, usageError } from '../../base/error.ts';
import type { KmsKey } from '../../cloud/kms.ts';
import { keyAccount } from '../../cloud/kms-account.ts';
import type { PlanTarget } from '../../operation/plan.ts';
import { databaseTarget } from '../../operation/target.ts';
import { keyCalled } from './called.ts';
import type { DestroyContext } from './context.ts';

/**
 * The key that a person names.
 * @throws {PosternError} exit 2 `kek-usage`; exit 6 `key-pending-deletion`, `kek-unusable`; exit 1 and 2 as `keyCalled`
 */
export async function keyToEnd(context: DestroyContext, name: string): Promise<KmsKey> {
  const key = await keyCalled(await context.kms(), name);
  if (key.usage !== 'encrypt') {
    throw usageError(`${key.arn} is a key that signs, and wraps nothing`, { code: 'kek-usage' });
  }
  if (key.state === 'pending-deletion') {
    throw refused(`${key.arn} is destroyed at ${key.deletionDate?.toISOString() ?? 'a date already set'}`, {
      code: 'key-pending-deletion',
      hints: ['until then, `postern key undestroy` takes that back'],
    });
  }
  if (key.state === 'unavailable') throw refused(`${key.arn} is unavailable`, { code: 'kek-unusable' });
  return key;
}

/** The platform's database, and the account that the key is in where it has one. */
export async function endingTarget(context: DestroyContext, arn: string): Promise<PlanTarget> {
  const account = keyAccount((await (await context.kms()).describeKey(arn)).arn);
  const db = await context.openReader();
  try {
    const target = await databaseTarget(db);
    return account === undefined ? target : { ...target, cloudAccount: account.accountId };
  } finally {
    await db.end();
  }
}
