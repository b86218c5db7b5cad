import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { integrityError, usageError } from '../base/error.ts';
import { sha256Hex } from './sha256.ts';

/** Who can sign an envelope: a key in a file, or one that never leaves its key management service. */
export interface DsseSigner {
  /** `keyIdOf` of the public half. */
  readonly keyId: string;
  /** Ed25519 over the message (64 bytes), or ECDSA P-256 over its SHA-256 (DER, or r and s of 32 bytes each). */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

export interface DsseEnvelope {
  readonly payloadType: string;
  /** Base64. */
  readonly payload: string;
  readonly signatures: readonly { readonly keyid?: string | undefined; readonly sig: string }[];
}

export interface DssePayload {
  readonly payloadType: string;
  readonly payload: Uint8Array;
}

/** Standard or URL-safe base64 (the protocol asks for both), padded or not, and nothing else between the digits. */
const base64 = z.string().regex(/^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$/);

const envelopeSchema = z.object({
  payloadType: z.string().min(1),
  payload: base64,
  signatures: z
    .array(z.object({ keyid: z.string().optional(), sig: base64 }))
    .min(1)
    .max(64),
});

/** What is signed: the pre-authentication encoding of DSSE v1, `"DSSEv1" SP len SP type SP len SP body`. */
export function pae(payloadType: string, payload: Uint8Array): Uint8Array {
  const header = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `;
  return Buffer.concat([Buffer.from(header), payload]);
}

/** Signs with every signer, in the order given. At least one is needed; `RangeError` otherwise. */
export async function signEnvelope({
  payloadType,
  payload,
  signers,
}: DssePayload & { readonly signers: readonly DsseSigner[] }): Promise<DsseEnvelope> {
  if (signers.length === 0) throw new RangeError('an envelope needs at least one signer');
  const message = pae(payloadType, payload);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({ keyid: signer.keyId, sig: encode(await signer.sign(message)) })),
  );
  return { payloadType, payload: encode(payload), signatures };
}

/**
 * Checks an envelope against trusted Ed25519 and ECDSA P-256 public keys (SubjectPublicKeyInfo, PEM). One valid
 * signature is enough; those of unknown signers are ignored. The `keyid` is a hint of the signer and decides nothing.
 * The caller still has to compare `payloadType` with the one that it expects.
 *
 * Throws `integrityError` with code `'envelope-malformed'`, `'signature-invalid'` or `'signer-unknown'`, and
 * `usageError` code `'signer-key-unreadable'` for a trusted key of another kind.
 */
export function verifyEnvelope(
  envelope: unknown,
  trustedPem: readonly string[],
): DssePayload & { readonly keyIds: readonly string[] } {
  const { payloadType, payload, signatures } = parseEnvelope(envelope);
  const body = Buffer.from(payload, 'base64');
  const message = pae(payloadType, body);
  const trusted = trustedPem.map(readPublicKey);
  const keyIds = trusted
    .filter(({ key }) => signatures.some(({ sig }) => isValid(message, key, Buffer.from(sig, 'base64'))))
    .map(({ keyId }) => keyId);
  if (keyIds.length > 0) return { payloadType, payload: body, keyIds: [...new Set(keyIds)] };
  const known = signatures.some(
    ({ keyid }) => keyid === undefined || trusted.some(({ keyId }) => keyId === keyid),
  );
  if (known) {
    throw integrityError('the signature of the envelope is not valid: its content was changed', {
      code: 'signature-invalid',
    });
  }
  throw integrityError('the envelope is signed by nobody among the trusted keys', { code: 'signer-unknown' });
}

/** Signs with an Ed25519 secret key (PKCS #8, PEM). Throws `usageError`, code `'signer-key-unreadable'`. */
export function ed25519Signer(pem: string): DsseSigner {
  const key = readKeyObject(() => createPrivateKey(pem));
  if (key.asymmetricKeyType !== 'ed25519') throw unreadableKey();
  return {
    keyId: keyIdOf(pem),
    sign: (message) => Promise.resolve(sign(null, message, key)),
  };
}

/** SHA-256 of the public key's SubjectPublicKeyInfo in DER, as 64 lowercase hexadecimal digits. */
export function keyIdOf(publicPem: string): string {
  return idOf(readKeyObject(() => createPublicKey(publicPem)));
}

function parseEnvelope(envelope: unknown): DsseEnvelope {
  const parsed = envelopeSchema.safeParse(envelope);
  if (parsed.success) return parsed.data;
  throw integrityError(`this is not a DSSE envelope: ${parsed.error.issues[0]?.message ?? 'unknown form'}`, {
    code: 'envelope-malformed',
    cause: parsed.error,
  });
}

function readPublicKey(pem: string): { readonly key: KeyObject; readonly keyId: string } {
  const key = readKeyObject(() => createPublicKey(pem));
  const isP256 = key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
  if (!isP256 && key.asymmetricKeyType !== 'ed25519') throw unreadableKey();
  return { key, keyId: idOf(key) };
}

function isValid(message: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  if (key.asymmetricKeyType === 'ed25519') return verify(null, message, key, signature);
  const dsaEncoding = signature.byteLength === 64 ? 'ieee-p1363' : 'der';
  return verify('sha256', message, { key, dsaEncoding }, signature);
}

function readKeyObject(read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch (cause) {
    throw unreadableKey(cause);
  }
}

function unreadableKey(cause?: unknown): Error {
  return usageError('the signing key is not an Ed25519 or P-256 key in PEM', {
    code: 'signer-key-unreadable',
    cause,
  });
}

function idOf(key: KeyObject): string {
  return sha256Hex(key.export({ type: 'spki', format: 'der' }));
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
