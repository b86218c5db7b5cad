import { createPublicKey } from 'node:crypto';
import type { Kms, KmsKey } from '../kms.ts';
import { checkDigest, checkPlaintext, kmsKeyUnusable, refuseAlias } from '../kms-error.ts';
import { present, toKmsKey } from './kms-answer.ts';
import { type KmsCalls, pages } from './kms-calls.ts';
import { withKmsErrors } from './kms-error.ts';

/** The keys of AWS KMS, used. */
export function awsKmsUse({ sdk, client, location, onKey, call }: KmsCalls): Kms {
  const describe = async (keyId: string): Promise<KmsKey> => {
    const { KeyMetadata: metadata } = await client.send(new sdk.DescribeKeyCommand({ KeyId: keyId }));
    return toKmsKey(present(metadata, 'KeyMetadata'));
  };

  return {
    location,

    describeKey: (keyId) => onKey('describing', keyId, () => describe(keyId)),

    async *listKeys() {
      const list = (after: { readonly Marker?: string }) =>
        call('listing', () => client.send(new sdk.ListKeysCommand(after)));
      for await (const { Keys: keys = [] } of pages(list)) {
        for (const { KeyId } of keys) {
          const keyId = present(KeyId, 'KeyId');
          yield await onKey('describing', keyId, () => describe(keyId));
        }
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
          ...(answer.KeyMaterialId !== undefined && { materialId: answer.KeyMaterialId }),
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

    decrypt: (keyId, ciphertext, context) =>
      onKey('decrypting with', keyId, async () => {
        const command = new sdk.DecryptCommand({
          KeyId: keyId,
          CiphertextBlob: ciphertext,
          EncryptionContext: { ...context },
        });
        return present((await client.send(command)).Plaintext, 'Plaintext');
      }),

    reEncrypt: ({ ciphertext, from, to }) =>
      withKmsErrors(location, { verb: 'rewrapping with', keyId: from.keyId, other: to.keyId }, async () => {
        for (const { keyId } of [from, to]) refuseAlias(keyId);
        const answer = await client.send(
          new sdk.ReEncryptCommand({
            CiphertextBlob: ciphertext,
            SourceKeyId: from.keyId,
            SourceEncryptionContext: { ...from.context },
            DestinationKeyId: to.keyId,
            DestinationEncryptionContext: { ...to.context },
          }),
        );
        const { SourceKeyMaterialId: source, DestinationKeyMaterialId: destination } = answer;
        return {
          ciphertext: present(answer.CiphertextBlob, 'CiphertextBlob'),
          ...(source !== undefined && { sourceMaterialId: source }),
          ...(destination !== undefined && { destinationMaterialId: destination }),
        };
      }),

    currentMaterial: (keyId) =>
      onKey('probing', keyId, async () => {
        const command = new sdk.GenerateDataKeyWithoutPlaintextCommand({ KeyId: keyId, KeySpec: 'AES_256' });
        return (await client.send(command)).KeyMaterialId;
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
  };
}
