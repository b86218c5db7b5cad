import { randomBytes } from 'node:crypto';
import { type AuditContext, audited } from '../../audit/audited.ts';
import { PosternError, partial } from '../../base/error.ts';
import type { Progress } from '../../base/progress.ts';
import type { Retention } from '../../cloud/object-store.ts';
import { describeMessage } from '../../crypto/openpgp-container.ts';
import type { Recipient } from '../../crypto/openpgp-recipient.ts';
import { wipeSessionKey } from '../../crypto/openpgp-session-key.ts';
import { signDetached } from '../../crypto/openpgp-signature.ts';
import { formatSessionKeyList } from '../../crypto/session-key-list.ts';
import { sha256Hex } from '../../crypto/sha256.ts';
import { storeFile } from '../capture/copies.ts';
import type { SecretKeys, SetStore, Signer } from '../context.ts';
import type { Destination } from '../destination.ts';
import { fileName } from '../format/layout.ts';
import type { Manifest } from '../format/manifest.ts';
import { openSignedSet, readManifest, readSignedFile } from '../read-set.ts';
import { sealWhole } from '../worker/part-writer.ts';
import type { FileOpener } from './file-opener.ts';
import { unlock } from './open-keys.ts';
import type { RewrappedSet } from './results.ts';
import { newRewrapName } from './rewrap-name.ts';
import { sessionKeysOf } from './session-keys-of.ts';
import { trustedRewraps } from './trusted-rewraps.ts';

export interface RewrapContext extends AuditContext {
  /** Where the sets are read. */
  readonly sets: SetStore;
  /** What opens them. */
  readonly keys: SecretKeys;
  /** Those that hold a set get its rewrap. */
  readonly destinations: readonly Destination[];
  /** Who shall be able to open the sets. */
  readonly recipients: readonly Recipient[];
  readonly signer: Signer;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface RewrapOptions {
  /** `dry-run`: says what would be done. */
  readonly mode: 'apply' | 'dry-run';
  /** `missing`: those who cannot open the set yet; `all`: everybody, once more. */
  readonly whom: 'missing' | 'all';
}

/**
 * Lets further recipients open a set: wraps the session keys of its files for them, in a signed list beside it. No
 * file of the set is read beyond its first bytes, and none is changed.
 * @throws {PosternError} exit 1 `not-for-these-keys` and as the store; exit 5 when the set is not what was signed;
 * exit 7 `destination-lacks-rewrap`
 */
export async function rewrapSet(
  context: RewrapContext,
  setId: string,
  { mode, whom }: RewrapOptions,
): Promise<RewrappedSet> {
  const { sets } = context;
  const set = await openSignedSet(sets, setId);
  const { manifest, sha256, opener } = await readManifest(sets, set, await unlock(context.keys));
  const sealedManifest = await readSignedFile(sets, set, fileName.manifest);
  const recipients = whom === 'all' ? context.recipients : await lacking(context, setId, sealedManifest);
  const fingerprints = recipients.map(({ fingerprint }) => fingerprint);
  const nothing = { setId, recipients: fingerprints, files: 0, gone: 0, stored: [], message: null };
  if (recipients.length === 0) return { ...nothing, outcome: 'nothing to do' };
  if (mode === 'dry-run') return { ...nothing, outcome: 'would rewrap' };
  const action = { action: 'backup.rewrap', target: setId, detail: { recipients: fingerprints } };
  return audited(context, action, async (audit) => {
    const opened = { manifest, manifestSha256: sha256, opener, sealedManifest };
    const wrapped = await wrap(context, opened, recipients);
    const { stored, problem } = await storeEverywhere(context, manifest, wrapped);
    audit.note({ name: wrapped.name, destinations: stored.map(({ destination }) => destination) });
    if (problem !== undefined && stored.length === 0) throw problem;
    const result: RewrappedSet = {
      ...nothing,
      outcome: 'rewrapped',
      files: wrapped.files,
      gone: wrapped.gone,
      stored: [...stored],
      message: problem?.message ?? null,
    };
    return result;
  });
}

/** Those whom neither the set nor a trusted rewrap is for. */
async function lacking(
  { sets, recipients }: RewrapContext,
  setId: string,
  sealedManifest: Uint8Array,
): Promise<readonly Recipient[]> {
  const known = new Set(describeMessage(sealedManifest).recipientKeyIds);
  for await (const found of trustedRewraps(sets, setId)) {
    if ('problem' in found) continue;
    for (const keyId of describeMessage(found.bytes).recipientKeyIds) known.add(keyId);
  }
  return recipients.filter(({ encryptionKeyId }) => !known.has(encryptionKeyId));
}

interface OpenedForRewrap {
  readonly manifest: Manifest;
  readonly manifestSha256: string;
  readonly opener: FileOpener;
  readonly sealedManifest: Uint8Array;
}

interface Wrapped {
  /** Beside the sets. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly files: number;
  readonly gone: number;
}

async function wrap(
  { sets, signer, clock, progress, signal }: RewrapContext,
  { manifest, manifestSha256, opener, sealedManifest }: OpenedForRewrap,
  recipients: readonly Recipient[],
): Promise<Wrapped> {
  const { setId, files, keyrings } = manifest;
  const step = progress.step(`reading the session keys of ${setId}`, {
    total: files.length + keyrings.length + 1,
    unit: 'objects',
  });
  const { keys, gone } = await sessionKeysOf(
    sets,
    manifest,
    { opener, sealedManifest },
    {
      signal,
      onFile: () => step.advance(1),
    },
  );
  step.done();
  const plain = formatSessionKeyList({ setId, manifestSha256, keys });
  try {
    const sealed = await sealWhole(plain, { recipients, level: 'default', verify: true });
    wipeSessionKey(sealed.sessionKey);
    return {
      name: newRewrapName(setId, clock.now(), randomBytes(4).toString('hex')),
      bytes: sealed.bytes,
      signature: Buffer.from(await signDetached(sealed.bytes, { ...signer, now: clock.now() })),
      files: keys.size,
      gone,
    };
  } finally {
    plain.fill(0);
    for (const key of keys.values()) wipeSessionKey(key);
  }
}

/** The signature goes first: a rewrap without one would be taken for somebody else's. */
async function storeEverywhere(
  context: RewrapContext,
  manifest: Manifest,
  { name, bytes, signature }: Wrapped,
): Promise<{ readonly stored: RewrappedSet['stored']; readonly problem: PosternError | undefined }> {
  const stored: RewrappedSet['stored'] = [];
  let problem: PosternError | undefined;
  for (const destination of context.destinations) {
    try {
      const retention = await retentionLike(destination, manifest, context.clock.now());
      if (retention === 'no set') continue;
      await storeFile(destination, `${name}.asc`, signature, sha256Hex(signature), retention);
      await storeFile(destination, name, bytes, sha256Hex(bytes), retention);
      stored.push({
        destination: destination.name,
        location: `${destination.store.location}/${destination.prefix}${name}`,
        lockedUntil: retention?.until.toISOString() ?? null,
      });
    } catch (error) {
      if (!(error instanceof PosternError)) throw error;
      const lacks = `${destination.name} lacks the rewrap: ${error.message}`;
      context.progress.warn(lacks);
      problem ??= partial(lacks, { code: 'destination-lacks-rewrap', cause: error, hints: error.hints });
    }
  }
  return { stored, problem };
}

/** A rewrap is of use as long as any file of its set is there: it is locked until the last lock of them ends. */
async function retentionLike(
  { name, store, prefix }: Destination,
  manifest: Manifest,
  now: Date,
): Promise<Retention | 'no set' | undefined> {
  const head = await store.head(`${prefix}${manifest.setId}/${fileName.manifest}`);
  if (head === undefined) return 'no set';
  if (head.retention === undefined) return undefined;
  const ends = manifest.files.map(({ copies }) => Date.parse(copies[name]?.lockedUntil ?? '') || 0);
  const until = new Date(ends.reduce((last, end) => Math.max(last, end), head.retention.until.getTime()));
  return until > now ? { mode: head.retention.mode, until } : undefined;
}
