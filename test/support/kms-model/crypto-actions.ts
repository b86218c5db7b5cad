import { createPublicKey, randomBytes } from 'node:crypto';
import type * as Sdk from '@aws-sdk/client-kms';
import { signDigest } from '../../../src/lib/cloud/local/ecdsa-p256.ts';
import { open, seal } from './cipher.ts';
import { type KmsState, type ModelKey, usableKey } from './state.ts';
import { KmsFault, type Wire } from './wire.ts';

const algorithm = { EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' } as const;

function used(key: ModelKey, operation: Sdk.KeyLastUsageTrackingOperation): void {
  key.lastUse = { at: new Date(), operation };
}

export const cryptoActions = {
  Encrypt: encrypt,
  Decrypt: decrypt,
  ReEncrypt: reEncrypt,
  GenerateDataKey: generateDataKey,
  GenerateDataKeyWithoutPlaintext: generateDataKeyWithoutPlaintext,
  Sign: sign,
  GetPublicKey: getPublicKey,
};

function encrypt(state: KmsState, request: Wire<Sdk.EncryptRequest>): Wire<Sdk.EncryptResponse> {
  const key = usableKey(state, request.KeyId, 'ENCRYPT_DECRYPT');
  const plaintext = Buffer.from(request.Plaintext ?? '', 'base64');
  if (plaintext.length < 1 || plaintext.length > 4096)
    throw new KmsFault('ValidationException', 'plaintext must have a length between 1 and 4096');
  const { blob } = seal(key, plaintext, request.EncryptionContext);
  used(key, 'Encrypt');
  return { KeyId: key.arn, CiphertextBlob: blob, ...algorithm };
}

function decrypt(state: KmsState, request: Wire<Sdk.DecryptRequest>): Wire<Sdk.DecryptResponse> {
  const key = usableKey(state, request.KeyId, 'ENCRYPT_DECRYPT');
  const { plaintext, materialId } = open(state, key, request.CiphertextBlob, request.EncryptionContext);
  used(key, 'Decrypt');
  return {
    KeyId: key.arn,
    Plaintext: plaintext.toString('base64'),
    KeyMaterialId: materialId,
    ...algorithm,
  };
}

function reEncrypt(state: KmsState, request: Wire<Sdk.ReEncryptRequest>): Wire<Sdk.ReEncryptResponse> {
  const source = usableKey(state, request.SourceKeyId, 'ENCRYPT_DECRYPT');
  const destination = usableKey(state, request.DestinationKeyId, 'ENCRYPT_DECRYPT');
  const opened = open(state, source, request.CiphertextBlob, request.SourceEncryptionContext);
  const sealed = seal(destination, opened.plaintext, request.DestinationEncryptionContext);
  for (const key of [source, destination]) used(key, 'ReEncrypt');
  return {
    CiphertextBlob: sealed.blob,
    SourceKeyId: source.arn,
    KeyId: destination.arn,
    SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    SourceKeyMaterialId: opened.materialId,
    DestinationKeyMaterialId: sealed.materialId,
  };
}

function generateDataKey(
  state: KmsState,
  request: Wire<Sdk.GenerateDataKeyRequest>,
): Wire<Sdk.GenerateDataKeyResponse> {
  const plaintext = randomBytes(32);
  const answer = wrapNew(state, request, plaintext, 'GenerateDataKey');
  return { ...answer, Plaintext: plaintext.toString('base64') };
}

function generateDataKeyWithoutPlaintext(
  state: KmsState,
  request: Wire<Sdk.GenerateDataKeyWithoutPlaintextRequest>,
): Wire<Sdk.GenerateDataKeyWithoutPlaintextResponse> {
  return wrapNew(state, request, randomBytes(32), 'GenerateDataKeyWithoutPlaintext');
}

function wrapNew(
  state: KmsState,
  request: Wire<Sdk.GenerateDataKeyWithoutPlaintextRequest>,
  plaintext: Buffer,
  operation: Sdk.KeyLastUsageTrackingOperation,
): Wire<Sdk.GenerateDataKeyWithoutPlaintextResponse> {
  if (request.KeySpec !== 'AES_256')
    throw new KmsFault('ValidationException', 'Please specify either number of bytes or key spec.');
  const key = usableKey(state, request.KeyId, 'ENCRYPT_DECRYPT');
  const { blob, materialId } = seal(key, plaintext, request.EncryptionContext);
  used(key, operation);
  return { KeyId: key.arn, CiphertextBlob: blob, KeyMaterialId: materialId };
}

function sign(state: KmsState, request: Wire<Sdk.SignRequest>): Wire<Sdk.SignResponse> {
  const key = usableKey(state, request.KeyId, 'SIGN_VERIFY');
  const digest = Buffer.from(request.Message ?? '', 'base64');
  if (
    request.MessageType !== 'DIGEST' ||
    request.SigningAlgorithm !== 'ECDSA_SHA_256' ||
    digest.length !== 32
  )
    throw new KmsFault('ValidationException', 'Digest is invalid length for algorithm ECDSA_SHA_256.');
  used(key, 'Sign');
  const signature = signDigest(privateKey(key), digest);
  return {
    KeyId: key.arn,
    Signature: Buffer.from(signature).toString('base64'),
    SigningAlgorithm: 'ECDSA_SHA_256',
  };
}

function getPublicKey(
  state: KmsState,
  request: Wire<Sdk.GetPublicKeyRequest>,
): Wire<Sdk.GetPublicKeyResponse> {
  const key = usableKey(state, request.KeyId, 'SIGN_VERIFY');
  const der = createPublicKey(privateKey(key)).export({ format: 'der', type: 'spki' });
  return {
    KeyId: key.arn,
    PublicKey: der.toString('base64'),
    KeySpec: 'ECC_NIST_P256',
    KeyUsage: 'SIGN_VERIFY',
    SigningAlgorithms: ['ECDSA_SHA_256'],
  };
}

function privateKey(key: ModelKey) {
  if (key.privateKey === undefined) throw new Error(`${key.id} does not sign`);
  return key.privateKey;
}
