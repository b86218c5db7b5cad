import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import type { GrantListEntry, KeyLastUsageTrackingOperation } from '@aws-sdk/client-kms';
import { KmsFault, type Wire } from './wire.ts';

export const account = '111122223333';
export const region = 'eu-central-1';

/** One account's KMS in one region. */
export interface KmsState {
  readonly keys: Map<string, ModelKey>;
  /** Name to key id. */
  readonly aliases: Map<string, { keyId: string; created: Date; updated: Date }>;
  readonly behaviour: Behaviour;
}

/** What a test sets. */
export interface Behaviour {
  /** How many calls about a key a rotation on demand stays in progress. */
  rotationCalls: number;
  /** How many ciphertexts are still made with the old material after that. */
  staleCalls: number;
  /** How many calls about a new key do not find it. */
  newKeyCalls: number;
  /** How many uses of a key still see the state from before `EnableKey` or `DisableKey`. */
  lateStateCalls: number;
  /** By how many milliseconds the service's record of uses lies back, as if so much time had passed. */
  usesAgo: number;
  /** Items of a page of a listing. */
  readonly pageSize: number;
}

export interface ModelKey {
  readonly id: string;
  readonly arn: string;
  readonly usage: 'ENCRYPT_DECRYPT' | 'SIGN_VERIFY';
  readonly description: string;
  readonly created: Date;
  state: 'Enabled' | 'Disabled' | 'PendingDeletion';
  deletionDate?: Date;
  unknownCalls: number;
  lateState?: { readonly state: ModelKey['state']; callsLeft: number };
  /** Oldest first; of a signing key empty. */
  readonly materials: Material[];
  readonly privateKey?: KeyObject;
  inProgress?: { readonly since: Date; callsLeft: number };
  staleCalls: number;
  /** AWS allows 25. */
  rotationsOnDemand: number;
  rotationPeriod?: number;
  readonly grants: Wire<GrantListEntry>[];
  policy: string;
  lastUse?: { readonly at: Date; readonly operation: KeyLastUsageTrackingOperation };
}

export interface Material {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly bytes: Buffer;
  readonly rotated?: Date;
  readonly type?: 'AUTOMATIC' | 'ON_DEMAND';
}

export function newKey(usage: ModelKey['usage'], description: string): ModelKey {
  const id = randomUUID();
  const root = { AWS: `arn:aws:iam::${account}:root` };
  return {
    id,
    arn: `arn:aws:kms:${region}:${account}:key/${id}`,
    usage,
    description,
    created: new Date(),
    state: 'Enabled',
    materials: usage === 'ENCRYPT_DECRYPT' ? [newMaterial()] : [],
    ...(usage === 'SIGN_VERIFY' && {
      privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    }),
    unknownCalls: 0,
    staleCalls: 0,
    rotationsOnDemand: 0,
    grants: [],
    policy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: root, Action: 'kms:*', Resource: '*' }],
    }),
  };
}

function newMaterial(): Material {
  return { id: randomBytes(32).toString('hex'), bytes: randomBytes(32) };
}

/** The key of an id or ARN; one that is new, or whose rotation is in progress, comes nearer to the end of that. */
export function findKey(state: KmsState, name: string | undefined): ModelKey {
  const id = (name ?? '').startsWith(`arn:aws:kms:${region}:${account}:key/`) ? name?.split('/')[1] : name;
  const key = state.keys.get(id ?? '');
  if (key === undefined || key.unknownCalls-- > 0)
    throw new KmsFault(
      'NotFoundException',
      `Key 'arn:aws:kms:${region}:${account}:key/${id}' does not exist`,
    );
  if (key.inProgress !== undefined && key.inProgress.callsLeft-- <= 0) {
    delete key.inProgress;
    key.materials.push({ ...newMaterial(), rotated: new Date(), type: 'ON_DEMAND' });
    key.staleCalls = state.behaviour.staleCalls;
  }
  return key;
}

/** A key for cryptography, which alone may be named by an alias too. */
export function usableKey(state: KmsState, name: string | undefined, usage: ModelKey['usage']): ModelKey {
  const alias = name?.match(/(?:^|:)(alias\/.*)$/)?.[1];
  if (alias !== undefined && !state.aliases.has(alias))
    throw new KmsFault('NotFoundException', `Alias arn:aws:kms:${region}:${account}:${alias} is not found.`);
  const key = findKey(state, alias === undefined ? name : state.aliases.get(alias)?.keyId);
  needsEnabled(key);
  if (key.usage !== usage)
    throw new KmsFault('InvalidKeyUsageException', `${key.arn} key usage is ${key.usage} which is not valid`);
  return key;
}

/** @throws as the key state table of the developer guide says, [1] and [3] */
export function needsEnabled(key: ModelKey): void {
  needsNotPending(key);
  const { lateState } = key;
  const state = lateState !== undefined && lateState.callsLeft-- > 0 ? lateState.state : key.state;
  if (state === 'Disabled') throw new KmsFault('DisabledException', `${key.arn} is disabled.`);
}

export function needsNotPending(key: ModelKey): void {
  if (key.state === 'PendingDeletion')
    throw new KmsFault('KMSInvalidStateException', `${key.arn} is pending deletion.`);
}

/** One page of a listing, and how to ask for the next. */
export function page<T>(state: KmsState, items: readonly T[], marker: string | undefined) {
  const start = Number(marker ?? 0);
  if (!Number.isInteger(start) || start < 0)
    throw new KmsFault('InvalidMarkerException', 'Could not deserialize marker');
  const end = start + state.behaviour.pageSize;
  const more = end < items.length;
  return {
    items: items.slice(start, end),
    mark: { Truncated: more, ...(more && { NextMarker: String(end) }) },
  };
}
