/**
 * ECDSA on P-256 over a digest that is already made (FIPS 186-5 §6.4), with the deterministic nonce of RFC 6979 §3.2.
 *
 * It stands here because node:crypto and Web Crypto hash what they sign and take no digest. The one operation on the
 * curve is OpenSSL's (an ECDH key pair is k and k·G), in constant time; what is left is arithmetic modulo the order of
 * the group, done on blinded values because BigInt is not constant-time.
 */
import { createECDH, createHmac, type KeyObject, randomBytes } from 'node:crypto';

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** @returns the signature as DER SEQUENCE { r, s } */
export function signDigest(privateKey: KeyObject, digest: Uint8Array): Uint8Array {
  const { d } = privateKey.export({ format: 'jwk' });
  if (d === undefined) throw new TypeError('not an EC private key');
  const secret = Buffer.from(d, 'base64url');
  const z = toInteger(digest);
  for (const k of nonces(secret, digest)) {
    const r = pointX(k) % order;
    const blind = randomScalar();
    // s = k⁻¹ (z + r·d), each factor multiplied by the blind, which cancels out.
    const sum = (((blind * z) % order) + ((((blind * r) % order) * toInteger(secret)) % order)) % order;
    const s = (inverse((blind * toInteger(k)) % order) * sum) % order;
    if (r !== 0n && s !== 0n) return derSequence([derInteger(r), derInteger(s)]);
  }
  throw new Error('unreachable: the nonces do not end');
}

/** RFC 6979 §3.2, HMAC-SHA-256; the candidates that are a valid scalar. */
function* nonces(secret: Buffer, digest: Uint8Array): Generator<Buffer> {
  const seed = Buffer.concat([secret, toBytes(toInteger(digest) % order)]);
  let v: Buffer = Buffer.alloc(32, 1);
  let key: Buffer = Buffer.alloc(32, 0);
  const mac = (...parts: readonly Uint8Array[]): Buffer =>
    createHmac('sha256', key).update(Buffer.concat(parts)).digest();
  for (const separator of [0, 1]) {
    key = mac(v, Buffer.of(separator), seed);
    v = mac(v);
  }
  for (;;) {
    v = mac(v);
    const candidate = toInteger(v);
    if (candidate > 0n && candidate < order) yield v;
    key = mac(v, Buffer.of(0));
    v = mac(v);
  }
}

function pointX(k: Buffer): bigint {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(k);
  return toInteger(pair.getPublicKey().subarray(1, 33));
}

function randomScalar(): bigint {
  for (;;) {
    const candidate = toInteger(randomBytes(32));
    if (candidate > 0n && candidate < order) return candidate;
  }
}

/** Fermat: a^(n−2) mod n. */
function inverse(value: bigint): bigint {
  let result = 1n;
  let base = value;
  for (let exponent = order - 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * base) % order;
    base = (base * base) % order;
  }
  return result;
}

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function toBytes(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
}

function derInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  // A leading one bit would mean a negative number.
  const content = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(0x02, content.length), content]);
}

function derSequence(parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(0x30, content.length), content]);
}
