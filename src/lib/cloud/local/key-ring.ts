import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { integrityError } from '../../base/error.ts';
import type { KeyUsage, KmsKey } from '../kms.ts';
import { kmsKeyMissing, kmsKeyUnusable, refuseAlias } from '../kms-error.ts';

/** What the sealed file holds. */
export interface KeyRing {
  readonly keys: readonly KeyEntry[];
  /** Left out in files of before there were aliases. */
  readonly aliases?: readonly AliasEntry[];
}

export interface AliasEntry {
  readonly name: string;
  readonly keyId: string;
}

export interface KeyEntry {
  /** A UUID. */
  readonly keyId: string;
  readonly usage: KeyUsage;
  readonly description: string;
  /** ISO 8601, UTC. */
  readonly created: string;
  readonly state: 'enabled' | 'disabled' | 'pending-deletion';
  /** ISO 8601, UTC; only with `pending-deletion`. From then on the key does not exist. */
  readonly deletionDate?: string;
  /** Newest last. Base64 of 32 random bytes (`encrypt`), or of a PKCS #8 P-256 key (`sign`). */
  readonly versions: readonly KeyVersion[];
}

interface KeyVersion {
  readonly version: number;
  readonly material: string;
  /** ISO 8601, UTC; left out for the first one. */
  readonly rotated?: string;
}

export function newKeyEntry(usage: KeyUsage, description: string, now: Date): KeyEntry {
  return {
    keyId: randomUUID(),
    usage,
    description,
    created: now.toISOString(),
    state: 'enabled',
    versions: [{ version: 1, material: newMaterial(usage) }],
  };
}

/** The same key with newer material, which encrypts from now on. */
export function withNewVersion(key: KeyEntry, now: Date): KeyEntry {
  const version = (key.versions.at(-1)?.version ?? 0) + 1;
  const added = { version, material: newMaterial(key.usage), rotated: now.toISOString() };
  return { ...key, versions: [...key.versions, added] };
}

function newMaterial(usage: KeyUsage): string {
  const bytes =
    usage === 'encrypt'
      ? randomBytes(32)
      : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
          format: 'der',
          type: 'pkcs8',
        });
  return bytes.toString('base64');
}

/** Leaves out the keys whose deletion date has come: their material goes with them, and their aliases. */
export function withoutExpired(ring: KeyRing, now: Date): KeyRing {
  const keys = ring.keys.filter((key) => !isExpired(key, now));
  if (keys.length === ring.keys.length) return ring;
  return { keys, aliases: aliasesOf(ring).filter(({ keyId }) => keys.some((key) => key.keyId === keyId)) };
}

export function aliasesOf(ring: KeyRing): readonly AliasEntry[] {
  return ring.aliases ?? [];
}

/** @throws {PosternError} `kms-alias`, `kms-key-missing` */
export function findKey(ring: KeyRing, location: string, keyId: string, now: Date): KeyEntry {
  refuseAlias(keyId);
  const id = keyId.replace(/^local:/, '');
  const found = ring.keys.find((key) => key.keyId === id && !isExpired(key, now));
  if (found === undefined) throw kmsKeyMissing(location, keyId);
  return found;
}

/** @throws {PosternError} as `findKey`; `kms-key-unusable` unless the key is enabled and for this usage */
export function usableKey(
  ring: KeyRing,
  location: string,
  keyId: string,
  usage: KeyUsage,
  now: Date,
): KeyEntry {
  const key = findKey(ring, location, keyId, now);
  if (key.state !== 'enabled') throw kmsKeyUnusable(location, keyId, `it is ${key.state.replace('-', ' ')}`);
  if (key.usage !== usage)
    throw kmsKeyUnusable(location, keyId, `it is a key to ${key.usage}, not to ${usage}`);
  return key;
}

/** The material of one version, newest unless told; undefined when there is no such version. */
export function materialOf(
  key: KeyEntry,
  version?: number,
): { readonly version: number; readonly material: Buffer } | undefined {
  const found = version === undefined ? key.versions.at(-1) : key.versions.find((v) => v.version === version);
  return found && { version: found.version, material: Buffer.from(found.material, 'base64') };
}

/** The id of a version's material, for those who use the key: unlike a version, it is no other key's. */
export function materialId(key: KeyEntry, version: number): string {
  return `${key.keyId}:${version}`;
}

export function toKmsKey(key: KeyEntry): KmsKey {
  const newest = key.versions.at(-1);
  return {
    keyId: key.keyId,
    arn: `local:${key.keyId}`,
    usage: key.usage,
    state: key.state,
    description: key.description,
    created: new Date(key.created),
    ...(key.deletionDate !== undefined && { deletionDate: new Date(key.deletionDate) }),
    ...(key.usage === 'encrypt' && newest && { currentMaterialId: materialId(key, newest.version) }),
  };
}

/** @throws {PosternError} exit 5, `kms-file-corrupt`: it was sealed by us, so a wrong shape is not a person's mistake */
export function parseKeyRing(value: unknown, location: string): KeyRing {
  if (typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys)) {
    const aliases = 'aliases' in value && Array.isArray(value.aliases) ? value.aliases : [];
    return { keys: value.keys as readonly KeyEntry[], aliases: aliases as readonly AliasEntry[] };
  }
  throw integrityError(`the keys in ${location} cannot be read`, { code: 'kms-file-corrupt' });
}

function isExpired(key: KeyEntry, now: Date): boolean {
  return (
    key.state === 'pending-deletion' && key.deletionDate !== undefined && new Date(key.deletionDate) <= now
  );
}
