import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';

/** What is random or chosen in a verifier; both are public. */
export interface ScramParameters {
  /** At least 4,096 (RFC 7677 §4). */
  readonly iterations: number;
  /** 16 bytes, as PostgreSQL makes them. */
  readonly salt: Uint8Array;
}

const form =
  /^SCRAM-SHA-256\$([1-9]\d{0,8}):([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/;

/**
 * What PostgreSQL stores in place of a password: `SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY`, in base64
 * (RFC 5802 §3, RFC 7677, RFC 5803). It proves that a client knows the password, and does not tell it.
 * @param password printable ASCII: for that, SASLprep (RFC 4013) changes nothing
 */
export function scramVerifier(password: string, { iterations, salt }: ScramParameters): string {
  if (!isPlain(password)) throw new TypeError('only printable ASCII is its own SASLprep form');
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${iterations}:${Buffer.from(salt).toString('base64')}$${storedKey}:${serverKey}`;
}

/** Whether a password is printable ASCII, which SASLprep leaves as it is. */
export function isPlain(password: string): boolean {
  return /^[\x20-\x7e]+$/.test(password);
}

/** The parameters of a verifier; undefined for what is none. */
export function scramParameters(verifier: string): ScramParameters | undefined {
  const [, iterations, salt] = form.exec(verifier) ?? [];
  if (iterations === undefined || salt === undefined) return undefined;
  return { iterations: Number(iterations), salt: Buffer.from(salt, 'base64') };
}

/** Whether the verifier is that of the password. */
export function isVerifierOf(verifier: string, password: string): boolean {
  const parameters = scramParameters(verifier);
  if (parameters === undefined) return false;
  const expected = Buffer.from(scramVerifier(password, parameters));
  const found = Buffer.from(verifier);
  return expected.length === found.length && timingSafeEqual(expected, found);
}
