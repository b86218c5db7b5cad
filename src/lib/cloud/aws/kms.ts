import { createPublicKey } from 'node:crypto';
import type { KeyMetadata, KMSClient } from '@aws-sdk/client-kms';
import { failure } from '../../base/error.ts';
import type { EncryptionContext, Kms, KmsKey } from '../kms.ts';
import { checkDeletionDays, checkDigest, checkPlaintext, kmsKeyUnusable, refuseAlias } from '../kms-error.ts';
import { type AwsClientOptions, clientConfig } from './client.ts';
import { withKmsErrors } from './kms-error.ts';

export type AwsKmsOptions = AwsClientOptions;

/**
 * AWS KMS, or what speaks its protocol at an endpoint. Nothing is asked of it yet. Its methods throw, beside the codes of
 * the port, `kms-alias` (exit 2), `kms-credentials`, `kms-unreachable`, `kms-unavailable`, `kms-region-missing`,
 * `kms-failed`.
 */
export async function openAwsKms(options: AwsKmsOptions): Promise<Kms> {
  const sdk = await import('@aws-sdk/client-kms');
  const client: KMSClient = new sdk.KMSClient(clientConfig(options));
  const location = options.endpoint ?? `aws-kms:${options.region ?? 'default region'}`;

  /** Every call on a key goes through here: aliases are refused before anything is sent. */
  const onKey = <T>(verb: string, keyId: string, work: () => Promise<T>): Promise<T> =>
    withKmsErrors(location, { verb, keyId }, async () => {
      refuseAlias(keyId);
      return work();
    });

  const describe = async (keyId: string): Promise<KmsKey> => {
    const { KeyMetadata: metadata } = await client.send(new sdk.DescribeKeyCommand({ KeyId: keyId }));
    return toKmsKey(present(metadata, 'KeyMetadata'));
  };

  return {
    location,

    createKey: ({ usage, description }) =>
      withKmsErrors(location, { verb: 'making' }, async () => {
        const kind =
          usage === 'encrypt'
            ? ({ KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: 'SYMMETRIC_DEFAULT' } as const)
            : ({ KeyUsage: 'SIGN_VERIFY', KeySpec: 'ECC_NIST_P256' } as const);
        const answer = await client.send(new sdk.CreateKeyCommand({ ...kind, Description: description }));
        return toKmsKey(present(answer.KeyMetadata, 'KeyMetadata'));
      }),

    describeKey: (keyId) => onKey('describing', keyId, () => describe(keyId)),

    async *listKeys() {
      for (let marker: string | undefined; ; ) {
        const command = new sdk.ListKeysCommand(marker === undefined ? {} : { Marker: marker });
        const page = await withKmsErrors(location, { verb: 'listing' }, () => client.send(command));
        for (const { KeyId } of page.Keys ?? []) {
          const keyId = present(KeyId, 'KeyId');
          yield await onKey('describing', keyId, () => describe(keyId));
        }
        marker = page.NextMarker;
        if (page.Truncated !== true || marker === undefined) return;
      }
    },

    generateDataKey: (keyId, context) =>
      onKey('making a data key with', keyId, async () => {
        const answer = await client.send(
          new sdk.GenerateDataKeyCommand({
            KeyId: keyId,
            KeySpec: 'AES_256',
            EncryptionContext: { ...context },
          }),
        );
        return {
          plaintext: present(answer.Plaintext, 'Plaintext'),
          wrapped: present(answer.CiphertextBlob, 'CiphertextBlob'),
        };
      }),

    encrypt: (keyId, plaintext, context) =>
      onKey('encrypting with', keyId, async () => {
        checkPlaintext(plaintext);
        const command = new sdk.EncryptCommand({
          KeyId: keyId,
          Plaintext: plaintext,
          EncryptionContext: { ...context },
        });
        return present((await client.send(command)).CiphertextBlob, 'CiphertextBlob');
      }),

    decrypt: (keyId, ciphertext: Uint8Array, context: EncryptionContext) =>
      onKey('decrypting with', keyId, async () => {
        const command = new sdk.DecryptCommand({
          KeyId: keyId,
          CiphertextBlob: ciphertext,
          EncryptionContext: { ...context },
        });
        return present((await client.send(command)).Plaintext, 'Plaintext');
      }),

    sign: (keyId, digest) =>
      onKey('signing with', keyId, async () => {
        checkDigest(digest);
        const command = new sdk.SignCommand({
          KeyId: keyId,
          Message: digest,
          MessageType: 'DIGEST',
          SigningAlgorithm: 'ECDSA_SHA_256',
        });
        return present((await client.send(command)).Signature, 'Signature');
      }),

    publicKey: (keyId) =>
      onKey('reading the public half of', keyId, async () => {
        const answer = await client.send(new sdk.GetPublicKeyCommand({ KeyId: keyId }));
        const der = present(answer.PublicKey, 'PublicKey');
        const curve = createPublicKey({
          key: Buffer.from(der),
          format: 'der',
          type: 'spki',
        }).asymmetricKeyDetails;
        if (curve?.namedCurve !== 'prime256v1')
          throw kmsKeyUnusable(location, keyId, 'it is not an ECDSA key on P-256');
        return der;
      }),

    enableKey: (keyId) =>
      onKey(
        'enabling',
        keyId,
        async () => void (await client.send(new sdk.EnableKeyCommand({ KeyId: keyId }))),
      ),

    disableKey: (keyId) =>
      onKey(
        'disabling',
        keyId,
        async () => void (await client.send(new sdk.DisableKeyCommand({ KeyId: keyId }))),
      ),

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
  };
}

function toKmsKey(metadata: KeyMetadata): KmsKey {
  return {
    keyId: present(metadata.KeyId, 'KeyId'),
    arn: present(metadata.Arn, 'Arn'),
    usage: metadata.KeyUsage === 'SIGN_VERIFY' ? 'sign' : 'encrypt',
    state: keyState(metadata.KeyState),
    description: metadata.Description ?? '',
    created: metadata.CreationDate ?? new Date(0),
    ...(metadata.DeletionDate !== undefined && { deletionDate: metadata.DeletionDate }),
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

/** The SDK types every field of an answer as optional; one that is missing means that this is not AWS KMS. */
function present<T>(value: T | undefined, field: string): T {
  if (value === undefined)
    throw failure(`the key management service answered without ${field}`, { code: 'kms-failed' });
  return value;
}
