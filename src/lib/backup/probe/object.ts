import { createHash } from 'node:crypto';
import { failure, PosternError } from '../../base/error.ts';
import type {
  ListedVersion,
  ObjectStore,
  Retention,
  StoreCapabilities,
  StoredObject,
} from '../../cloud/object-store.ts';
import type { Destination } from '../destination.ts';
import { line, type ProbeLine } from './line.ts';

const day = 86_400_000;
/** S3 keeps whole seconds. */
const second = 1000;

/** The one object of a day that attempts are made on. */
export interface PlacedProbe {
  readonly key: string;
  readonly body: Uint8Array;
  /** The newest version with the probe's bytes. */
  readonly version: ListedVersion;
  /** What was asked for; undefined where no lock is configured. */
  readonly asked: Retention | undefined;
  /** An earlier probe of the day had stored it. */
  readonly isReused: boolean;
  readonly retentionKeptBy: StoreCapabilities['retentionKeptBy'];
}

/**
 * Stores the probe of the day, or takes the one that is there: locked objects cannot be cleaned up, so one a day is
 * the most that probes leave. Each kind of lock has its own, since the configuration may change during a day.
 * @throws {PosternError} as `put` and `listVersions`, but for `object-exists`
 */
export async function placeProbe(
  { store, prefix, lock }: Destination,
  { retentionKeptBy }: StoreCapabilities,
  now: Date,
): Promise<PlacedProbe> {
  const key = `${prefix}probe/${now.toISOString().slice(0, 10)}-${lock?.mode ?? 'unlocked'}`;
  const body = Buffer.from(
    `postern probes what this store refuses; this object may go when its lock ends\n${key}\n`,
  );
  const retention = lock && { mode: lock.mode, until: new Date(now.getTime() + day) };
  const isNew = await createProbe(store, key, body, retention);
  const version = (await versionsOf(store, key)).find(
    ({ isDeleteMarker, size }) => !isDeleteMarker && size === body.byteLength,
  );
  if (version === undefined) {
    throw failure(`the listing of ${store.location} does not show ${key}, which is stored there`, {
      code: 'probe-not-listed',
      hints: ['look at the key: it is taken by something else, or the store lists late'],
    });
  }
  const asked = retention && {
    mode: retention.mode,
    until: isNew ? retention.until : new Date(version.modified.getTime() + day),
  };
  return { key, body, version, asked, isReused: !isNew, retentionKeptBy };
}

/** @returns false when the key is taken, which the store has said itself */
export async function createProbe(
  store: ObjectStore,
  key: string,
  body: Uint8Array,
  retention: Retention | undefined,
): Promise<boolean> {
  try {
    await store.put(key, body, { ifNoneMatch: '*', ...(retention && { retention }) });
    return true;
  } catch (error) {
    if (error instanceof PosternError && error.code === 'object-exists') return false;
    throw error;
  }
}

/** Every version and delete marker of exactly this key, newest first. */
export async function versionsOf(store: ObjectStore, key: string): Promise<readonly ListedVersion[]> {
  const found: ListedVersion[] = [];
  for await (const version of store.listVersions(key)) {
    if (version.key !== key) break;
    found.push(version);
  }
  return found;
}

/**
 * The part of a request that names the probe's version; empty in a store without versions, which S3 lists as `null`
 * and not every store takes by that name.
 */
export function ofVersion({ versionId }: ListedVersion): { readonly versionId?: string } {
  return versionId === undefined || versionId === 'null' ? {} : { versionId };
}

/** Compares what the store says of the probe with what it was sent. */
export function readBackLines(head: StoredObject | undefined, probe: PlacedProbe): readonly ProbeLine[] {
  if (head === undefined) {
    return [line('read back', 'finding', 'the store does not know what it has just stored', null)];
  }
  const sha256 = createHash('sha256').update(probe.body).digest('hex');
  if (head.size !== probe.body.byteLength || (head.sha256 ?? sha256) !== sha256) {
    const hint = 'do not use this store before its operator has explained it';
    return [line('read back', 'finding', 'size or hash are not those of the bytes that were sent', hint)];
  }
  const hash = head.sha256 === undefined ? 'the hash is hidden from these credentials' : 'and hash agree';
  return [
    line('read back', 'ok', head.sha256 === undefined ? `size agrees; ${hash}` : `size ${hash}`),
    lockLine(head.retention, probe),
  ];
}

function lockLine(found: Retention | undefined, { asked, isReused }: PlacedProbe): ProbeLine {
  if (asked === undefined) {
    return line(
      'lock',
      'finding',
      'no lock is configured: nothing protects the sets from whoever holds credentials that may delete',
      'use a bucket with Object Lock, and set `lock` on the destination',
    );
  }
  if (found === undefined) {
    const hint = 'use a bucket that was made with Object Lock; this store takes the lock and forgets it';
    return line('lock', 'finding', 'lock missing: the store took the object without it', hint);
  }
  if (found.mode !== asked.mode) {
    return line('lock', 'finding', `the lock is ${found.mode} instead of ${asked.mode}`, 'ask the store why');
  }
  // What an earlier probe asked for is known by the store's clock alone.
  const tolerance = isReused ? 10 * 60_000 : second;
  const longer = found.until.getTime() - asked.until.getTime();
  if (Math.abs(longer) <= tolerance)
    return line('lock', 'ok', `${found.mode}, until the day after it was stored`);
  const than = `until ${found.until.toISOString()} instead of ${asked.until.toISOString()}`;
  return longer < 0
    ? line(
        'lock',
        'finding',
        `retention shorter than asked: ${than}`,
        'the sets would be unprotected too early',
      )
    : line(
        'lock',
        'finding',
        `retention longer than asked: ${than}`,
        'a lock in compliance mode cannot be taken back',
      );
}
