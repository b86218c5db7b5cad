import type { Key, Signature, SignaturePacket } from 'openpgp';
import { integrityError, usageError } from '../base/error.ts';
import { asArmor } from './openpgp-armor.ts';
import { openpgpConfig } from './openpgp-config.ts';
import { readSecretKey } from './openpgp-secret-key.ts';

export interface SignOptions {
  /** ASCII-armored. */
  readonly secretKey: string;
  readonly passphrase?: string;
  /** The signature's own date; now, when left out. */
  readonly now?: Date;
}

export interface VerifiedSignature {
  /** The signer's primary key: 40 uppercase hexadecimal digits. */
  readonly fingerprint: string;
  /** When the signer says that it was made. */
  readonly created: Date;
}

/** A signature may be this much younger than the verifier's clock: hosts disagree by minutes, rarely by hours. */
const clockToleranceMs = 24 * 60 * 60 * 1000;

/**
 * A detached binary signature (RFC 9580 §5.2, type 0x00) in ASCII armor, as `gpg --detach-sign --armor` makes it.
 *
 * Throws `usageError` as `readSecretKey` does, and code `'secret-key-cannot-sign'` when the key may not sign now.
 */
export async function signDetached(data: Uint8Array, options: SignOptions): Promise<string> {
  const { createMessage, sign } = await import('openpgp');
  const { key, fingerprint } = await readSecretKey(options.secretKey, options.passphrase);
  const date = options.now ?? new Date();
  await key.getSigningKey(undefined, date).catch((cause: unknown) => {
    throw usageError(`the key ${fingerprint} cannot sign now: it is expired, revoked, or not for signing`, {
      code: 'secret-key-cannot-sign',
      hints: ['let its owner extend it, or name another key that signs'],
      cause,
    });
  });
  return await sign({
    message: await createMessage({ binary: data }),
    signingKeys: key,
    detached: true,
    format: 'armored',
    date,
    config: await openpgpConfig(),
  });
}

/**
 * Finds one signature over exactly these bytes by a trusted key that was valid when it signed. A key that has expired
 * since, or was retired since, still vouches for what it signed before; one that was revoked as compromised (or
 * without a reason) vouches for nothing. `at` is the verifier's time, now when left out.
 *
 * Throws `integrityError` with code `'signature-invalid'`, `'signer-unknown'`, `'signer-revoked'` or
 * `'signer-expired'`, and `usageError` code `'signer-key-unreadable'` for a trusted key that is none.
 */
export async function verifyDetached(
  data: Uint8Array,
  signature: string | Uint8Array,
  trusted: readonly string[],
  { at = new Date() }: { readonly at?: Date } = {},
): Promise<VerifiedSignature> {
  const keys = await Promise.all(trusted.map(readTrustedKey));
  const packets = await readSignaturePackets(signature);
  const problems: Error[] = [];
  for (const packet of packets) {
    const keyId = packet.issuerKeyID;
    const key = keys.find((candidate) => candidate.getKeys(keyId).length > 0);
    const problem =
      key === undefined
        ? unknownSigner(keyId.toHex().toUpperCase())
        : ((await checkBytes(packet, key, data, at)) ?? (await checkSigner(packet, key)));
    if (problem !== undefined) problems.push(problem);
    else if (key !== undefined) {
      return { fingerprint: key.getFingerprint().toUpperCase(), created: packet.created as Date };
    }
  }
  throw worstOf(problems);
}

async function readTrustedKey(armoredKey: string): Promise<Key> {
  const { readKey } = await import('openpgp');
  return await readKey({ armoredKey }).catch((cause: unknown) => {
    throw usageError('a trusted signing key is not an OpenPGP public key', {
      code: 'signer-key-unreadable',
      cause,
    });
  });
}

async function readSignaturePackets(signature: string | Uint8Array): Promise<readonly SignaturePacket[]> {
  const { readSignature } = await import('openpgp');
  const armor = asArmor(signature);
  let parsed: Signature;
  try {
    parsed = await (armor === undefined
      ? readSignature({ binarySignature: signature as Uint8Array })
      : readSignature({ armoredSignature: armor }));
  } catch (cause) {
    throw invalid('it is not an OpenPGP signature', cause);
  }
  return parsed.packets;
}

/** Whether the key made this signature over these bytes; the state of the key is not asked. */
async function checkBytes(
  packet: SignaturePacket,
  key: Key,
  data: Uint8Array,
  at: Date,
): Promise<Error | undefined> {
  const { createMessage, enums } = await import('openpgp');
  if (packet.signatureType !== enums.signature.binary)
    return invalid('it is not a signature over binary data');
  const literal = (await createMessage({ binary: data })).packets[0];
  const [signer] = key.getKeys(packet.issuerKeyID);
  if (literal === undefined || signer === undefined) return invalid('it names no key');
  const latest = new Date(at.getTime() + clockToleranceMs);
  if (packet.created !== null && packet.created > latest) return fromTheFuture(packet.created, at);
  try {
    await packet.verify(signer.keyPacket, enums.signature.binary, literal, latest, true);
    return undefined;
  } catch (cause) {
    return invalid('the bytes, the signature or both were changed', cause);
  }
}

/** Whether the key was allowed to sign at the signature's own time. */
async function checkSigner(packet: SignaturePacket, key: Key): Promise<Error | undefined> {
  const created = packet.created as Date;
  try {
    await key.getSigningKey(packet.issuerKeyID, created);
    return undefined;
  } catch (cause) {
    const fingerprint = key.getFingerprint().toUpperCase();
    const signer = key.getSubkeys(packet.issuerKeyID)[0];
    const revokedSubkey = signer !== undefined && signer.revocationSignatures.length > 0;
    if (revokedSubkey || (await key.isRevoked(undefined, undefined, created))) {
      return integrityError(`the signature is by ${fingerprint}, which its owner has revoked`, {
        code: 'signer-revoked',
        cause,
      });
    }
    const ends = [await key.getExpirationTime(), await signer?.getExpirationTime()];
    if (created < key.getCreationTime() || ends.some((end) => end instanceof Date && end <= created)) {
      return integrityError(
        `the signature is by ${fingerprint}, outside the time in which that key was valid`,
        {
          code: 'signer-expired',
          cause,
        },
      );
    }
    return invalid(`the key ${fingerprint} is not for signing`, cause);
  }
}

/** The problem that says most: one with a key that we trust, rather than a signer that we never heard of. */
function worstOf(problems: readonly Error[]): Error {
  const known = problems.find((problem) => !('code' in problem) || problem.code !== 'signer-unknown');
  return known ?? problems[0] ?? invalid('it holds no signature');
}

function unknownSigner(keyId: string): Error {
  return integrityError(`the signature is by the key ${keyId}, which is not among the trusted keys`, {
    code: 'signer-unknown',
    hints: ['add the public key to the trusted signing keys only if you know its owner'],
  });
}

function fromTheFuture(created: Date, at: Date): Error {
  return integrityError(
    `the signature is not valid: it says that it was made at ${created.toISOString()}, and the clock of this host says ${at.toISOString()}`,
    { code: 'signature-invalid', hints: ['check the clock of this host first (timedatectl)'] },
  );
}

function invalid(why: string, cause?: unknown): Error {
  return integrityError(`the signature is not valid: ${why}`, { code: 'signature-invalid', cause });
}
