import { audited } from '../../audit/audited.ts';
import { messageOf, partial, refused } from '../../base/error.ts';
import type { KmsKey } from '../../cloud/kms.ts';
import type { DestroyContext } from './context.ts';
import { enablingActions } from './history/retirement.ts';
import { inState } from './steps.ts';

type EnableContext = Pick<DestroyContext, 'kms' | 'actor' | 'clock' | 'state' | 'signal'>;

/** @throws {PosternError} exit 6 `key-not-pending` */
export function requirePending({ arn, state }: KmsKey): void {
  if (state === 'pending-deletion') return;
  throw refused(`${arn} is ${state}: no destruction is pending`, {
    code: 'key-not-pending',
    hints: state === 'disabled' ? [`to enable it: \`postern key retire ${arn} --undo\``] : [],
  });
}

/** @throws {PosternError} exit 6 `key-not-disabled` */
export function requireDisabled({ arn, state }: KmsKey): void {
  if (state === 'disabled') return;
  throw refused(`${arn} is ${state.replace('-', ' ')}, and not disabled`, {
    code: 'key-not-disabled',
    hints:
      state === 'pending-deletion' ? [`take its destruction back: \`postern key undestroy ${arn}\``] : [],
  });
}

/**
 * Takes the destruction of a key back while it is pending, and enables the key.
 * @throws {PosternError} as `requirePending`; exit 7 `key-still-disabled`: taken back, but not enabled; as `Kms`
 */
export async function undestroyKey(context: EnableContext, key: KmsKey): Promise<void> {
  requirePending(key);
  const { arn, keyId } = key;
  const kms = await context.kms();
  await audited(context, { action: enablingActions.undestroy, target: arn }, async () => {
    await kms.cancelKeyDeletion(keyId);
    try {
      await inState(context, kms, arn, 'disabled');
      await kms.enableKey(keyId);
      await inState(context, kms, arn, 'enabled');
    } catch (cause) {
      throw partial(`${arn} will not be destroyed, but it is not enabled yet: ${messageOf(cause)}`, {
        code: 'key-still-disabled',
        cause,
        hints: [`\`postern key retire ${arn} --undo\` enables it`],
      });
    }
  });
}

/** Enables a key that was retired. @throws {PosternError} as `requireDisabled`, `inState`, `Kms` */
export async function enableRetiredKey(context: EnableContext, key: KmsKey): Promise<void> {
  requireDisabled(key);
  const { arn, keyId } = key;
  const kms = await context.kms();
  await audited(context, { action: enablingActions.undo, target: arn }, async () => {
    await kms.enableKey(keyId);
    await inState(context, kms, arn, 'enabled');
  });
}
