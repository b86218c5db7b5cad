import type { Config, SecretKeyPacket, SignaturePacket } from 'openpgp';
import { openpgpConfig } from './openpgp-config.ts';

/** What a new self-signature takes over from the one before it: everything but dates, ends and what was computed. */
const kept = [
  'signatureType',
  'isPrimaryUserID',
  'keyFlags',
  'features',
  'preferredSymmetricAlgorithms',
  'preferredHashAlgorithms',
  'preferredCompressionAlgorithms',
  'preferredAEADAlgorithms',
  'preferredCipherSuites',
  'keyServerPreferences',
  'preferredKeyServer',
  'policyURI',
  'embeddedSignature',
] as const;

/** `sign` as it is, whose declaration takes bytes where it takes packets, and forgets the configuration. */
interface Signing {
  sign(key: SecretKeyPacket, data: object, date: Date, detached: boolean, config: Config): Promise<void>;
}

/**
 * A self-signature again, with another end of the key that it is about (RFC 9580 §5.2.3.13: seconds after that key was
 * made).
 * @param primary unlocked
 * @param data what is signed, as openpgp.js names it: `{userID, key}`, `{key, bind}` or `{key}`
 */
export async function reissue(
  before: SignaturePacket,
  primary: SecretKeyPacket,
  data: object,
  { created, ends, now }: { readonly created: Date; readonly ends: Date | undefined; readonly now: Date },
): Promise<SignaturePacket> {
  const { enums, SignaturePacket: Packet } = await import('openpgp');
  const signature = new Packet();
  for (const name of kept) Reflect.set(signature, name, Reflect.get(before, name));
  signature.publicKeyAlgorithm = primary.algorithm;
  signature.hashAlgorithm = enums.hash.sha512;
  // openpgp.js adds a salt of its own to each signature.
  signature.rawNotations = before.rawNotations.filter(({ name }) => name !== 'salt@notations.openpgpjs.org');
  signature.keyNeverExpires = ends === undefined;
  signature.keyExpirationTime =
    ends === undefined ? null : Math.round((ends.getTime() - created.getTime()) / 1000);
  await (signature as unknown as Signing).sign(primary, data, now, false, await fullConfig());
  return signature;
}

/** Ours over openpgp.js's own defaults, for the functions that take a whole configuration. */
export async function fullConfig(): Promise<Config> {
  const { config } = await import('openpgp');
  return { ...config, ...(await openpgpConfig()) };
}
