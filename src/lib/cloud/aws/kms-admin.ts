import type { KeyLastUse, KmsAdmin } from '../kms-admin.ts';
import { checkDeletionDays } from '../kms-error.ts';
import { present, toKmsKey } from './kms-answer.ts';
import type { KmsCalls } from './kms-calls.ts';
import { asSdkError } from './sdk-error.ts';

/** The life of keys in AWS KMS. */
export function awsKmsAdmin({ sdk, client, onKey, call }: KmsCalls): KmsAdmin {
  return {
    createKey: ({ usage, description }) =>
      call('making', async () => {
        const kind =
          usage === 'encrypt'
            ? ({ KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: 'SYMMETRIC_DEFAULT' } as const)
            : ({ KeyUsage: 'SIGN_VERIFY', KeySpec: 'ECC_NIST_P256' } as const);
        const answer = await client.send(new sdk.CreateKeyCommand({ ...kind, Description: description }));
        return toKmsKey(present(answer.KeyMetadata, 'KeyMetadata'));
      }),

    enableKey: (keyId) =>
      onKey('enabling', keyId, async () => {
        await client.send(new sdk.EnableKeyCommand({ KeyId: keyId }));
      }),

    disableKey: (keyId) =>
      onKey('disabling', keyId, async () => {
        await client.send(new sdk.DisableKeyCommand({ KeyId: keyId }));
      }),

    scheduleKeyDeletion: (keyId, days) =>
      onKey('scheduling the deletion of', keyId, async () => {
        checkDeletionDays(days);
        const command = new sdk.ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: days });
        return { deletionDate: present((await client.send(command)).DeletionDate, 'DeletionDate') };
      }),

    cancelKeyDeletion: (keyId) =>
      onKey('cancelling the deletion of', keyId, async () => {
        await client.send(new sdk.CancelKeyDeletionCommand({ KeyId: keyId }));
      }),

    lastUse: (keyId) =>
      onKey('asking for the last use of', keyId, async (): Promise<KeyLastUse> => {
        try {
          const answer = await client.send(new sdk.GetKeyLastUsageCommand({ KeyId: keyId }));
          const { Timestamp: at, Operation: operation } = answer.KeyLastUsage ?? {};
          if (at !== undefined) return { known: 'used', at, operation: operation ?? 'unknown' };
          const { TrackingStartDate: since } = answer;
          if (since !== undefined) return { known: 'unused', since };
          return { known: 'unknown', why: 'the service does not say since when it records uses' };
        } catch (error) {
          if (!isUnknownCall(error)) throw error;
          return { known: 'unknown', why: 'this server does not record when keys are used' };
        }
      }),
  };
}

/** Servers that only speak the protocol may lack the call, which AWS has since 2026. */
function isUnknownCall(error: unknown): boolean {
  const found = asSdkError(error);
  return found?.name === 'UnknownOperationException' || found?.status === 404 || found?.status === 501;
}
