import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { KmsState, Material, ModelKey } from './state.ts';
import { KmsFault } from './wire.ts';

type Context = Readonly<Record<string, string>> | undefined;

// key id 16 | material id 32 | nonce 12 | ciphertext | tag 16: the model's own form, opaque to callers as AWS's is.
const headerBytes = 60;

/** Encrypts with the newest material, or, for a while after a rotation, with the one before. */
export function seal(key: ModelKey, plaintext: Buffer, context: Context) {
  const stale = key.staleCalls > 0 && key.materials.length > 1;
  if (stale) key.staleCalls--;
  const material = key.materials.at(stale ? -2 : -1) as Material;
  const nonce = randomBytes(12);
  const id = Buffer.from(key.id.replaceAll('-', ''), 'hex');
  const header = Buffer.concat([id, Buffer.from(material.id, 'hex'), nonce]);
  const cipher = createCipheriv('aes-256-gcm', material.bytes, nonce).setAAD(authenticated(header, context));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return { blob: Buffer.concat([header, body]).toString('base64'), materialId: material.id };
}

/** Opens with the material that sealed it. @throws `IncorrectKeyException`, `InvalidCiphertextException` */
export function open(state: KmsState, key: ModelKey, blob: string | undefined, context: Context) {
  const bytes = Buffer.from(blob ?? '', 'base64');
  const id = bytes.toString('hex', 0, 16);
  const maker = [...state.keys.values()].find((one) => one.id.replaceAll('-', '') === id);
  const material = maker?.materials.find((one) => one.id === bytes.toString('hex', 16, 48));
  if (material === undefined) throw new KmsFault('InvalidCiphertextException', '');
  if (maker !== key)
    throw new KmsFault(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
  try {
    const header = bytes.subarray(0, headerBytes);
    const decipher = createDecipheriv('aes-256-gcm', material.bytes, header.subarray(48));
    decipher.setAAD(authenticated(header, context)).setAuthTag(bytes.subarray(-16));
    const plaintext = Buffer.concat([decipher.update(bytes.subarray(headerBytes, -16)), decipher.final()]);
    return { plaintext, materialId: material.id };
  } catch {
    throw new KmsFault('InvalidCiphertextException', '');
  }
}

function authenticated(header: Buffer, context: Context): Buffer {
  const entries = Object.entries(context ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat([header, Buffer.from(JSON.stringify(entries))]);
}
