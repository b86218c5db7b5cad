import type { KeyMetadata } from '@aws-sdk/client-kms';
import { failure } from '../../base/error.ts';
import type { KmsKey } from '../kms.ts';

/** The SDK types every field of an answer as optional; one that is missing means that this is not AWS KMS. */
export function present<T>(value: T | undefined, field: string): T {
  if (value === undefined)
    throw failure(`the key management service answered without ${field}`, { code: 'kms-failed' });
  return value;
}

export function toKmsKey(metadata: KeyMetadata): KmsKey {
  const { DeletionDate: deletionDate, CurrentKeyMaterialId: currentMaterialId } = metadata;
  return {
    keyId: present(metadata.KeyId, 'KeyId'),
    arn: present(metadata.Arn, 'Arn'),
    usage: metadata.KeyUsage === 'SIGN_VERIFY' ? 'sign' : 'encrypt',
    state: keyState(metadata.KeyState),
    description: metadata.Description ?? '',
    created: metadata.CreationDate ?? new Date(0),
    ...(deletionDate !== undefined && { deletionDate }),
    ...(currentMaterialId !== undefined && { currentMaterialId }),
  };
}

function keyState(state: KeyMetadata['KeyState']): KmsKey['state'] {
  switch (state) {
    case 'Enabled':
      return 'enabled';
    case 'Disabled':
      return 'disabled';
    case 'PendingDeletion':
    case 'PendingReplicaDeletion':
      return 'pending-deletion';
    default:
      return 'unavailable';
  }
}
