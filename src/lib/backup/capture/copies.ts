import { failure, PosternError } from '../../base/error.ts';
import type { Progress } from '../../base/progress.ts';
import type { Retention, StoredObject } from '../../cloud/object-store.ts';
import type { Destination, ObjectLock } from '../destination.ts';
import type { ManifestFile } from '../format/manifest.ts';

/** The copies of one set on their way into its destinations. */
export interface SetCopies {
  /** Destinations that still hold everything that was sent so far. */
  live(): readonly CopyTarget[];
  /** Destinations that refused something, and why; nothing more is sent there. */
  failures(): readonly { readonly target: CopyTarget; readonly error: PosternError }[];
  /**
   * Stores a file in every live destination, reads back what each says it has, and gives up those that fail.
   * @throws {PosternError} the first one's error when none is left
   */
  put(path: string, body: Uint8Array, sha256: string, lock?: LockKind): Promise<ManifestFile['copies']>;
}

/** `objects`: younger sets refer to the file, so it must outlive its own set. */
export type LockKind = 'set' | 'keyring' | 'objects';

export interface CopyTarget {
  readonly destination: Destination;
  /** Until when the store is asked to keep the set's files, and the keyrings. */
  readonly lockUntil: Date | undefined;
  readonly keyringLockUntil: Date | undefined;
  readonly objectsLockUntil: Date | undefined;
}

/** A clock that is further off than this makes locks and names of sets wrong. */
const clockTolerance = 3_600_000;

/** Opens the way into every destination, for a run that began at `startedAt`. */
export function setCopies(
  destinations: readonly Destination[],
  startedAt: Date,
  {
    now,
    progress,
    objectsLonger = 0,
  }: {
    readonly now: () => Date;
    readonly progress: Progress;
    /** Milliseconds by which the lock of mail objects is longer than the set's. */
    readonly objectsLonger?: number;
  },
): SetCopies {
  let live: readonly CopyTarget[] = destinations.map((destination) => ({
    destination,
    lockUntil: lockEnd(destination.lock, startedAt),
    keyringLockUntil: lockEnd(destination.keyringLock, startedAt),
    objectsLockUntil: lockEnd(destination.lock, new Date(startedAt.getTime() + objectsLonger)),
  }));
  const failures: { target: CopyTarget; error: PosternError }[] = [];
  const giveUp = (target: CopyTarget, error: PosternError): void => {
    if (!live.includes(target)) return;
    live = live.filter((other) => other !== target);
    failures.push({ target, error });
    if (live.length > 0)
      progress.warn(`${target.destination.name} is given up, the others go on: ${error.message}`);
  };
  return {
    live: () => live,
    failures: () => failures,
    put: async (path, body, sha256, lock = 'set') => {
      const copies: Record<string, ManifestFile['copies'][string]> = {};
      await Promise.all(
        live.map(async (target) => {
          try {
            const retention = retentionOf(target, lock);
            const stored = await storeFile(target.destination, path, body, sha256, retention);
            checkClock(stored, now(), target.destination);
            copies[target.destination.name] = {
              ...(stored.versionId === undefined ? {} : { versionId: stored.versionId }),
              ...(stored.retention === undefined
                ? {}
                : { lockedUntil: stored.retention.until.toISOString() }),
            };
          } catch (error) {
            if (!(error instanceof PosternError)) throw error;
            giveUp(target, error);
          }
        }),
      );
      const [first] = failures;
      if (live.length === 0 && first !== undefined) throw first.error;
      return copies;
    },
  };
}

function lockEnd(lock: ObjectLock | undefined, startedAt: Date): Date | undefined {
  return lock === undefined ? undefined : new Date(startedAt.getTime() + lock.duration);
}

function retentionOf(target: CopyTarget, lock: LockKind): Retention | undefined {
  const { destination } = target;
  const mode = (lock === 'keyring' ? destination.keyringLock : destination.lock)?.mode;
  const until = {
    set: target.lockUntil,
    keyring: target.keyringLockUntil,
    objects: target.objectsLockUntil,
  }[lock];
  return mode === undefined || until === undefined ? undefined : { mode, until };
}

/**
 * One PUT, never over another object, and a HEAD: what a store confirms and what it has are two things.
 * @throws {PosternError} exit 1: `store-changed-object`, `lock-missing`, `lock-shorter`, and as the port's `put` and `head`
 */
export async function storeFile(
  { name, store, prefix }: Destination,
  path: string,
  body: Uint8Array,
  sha256: string,
  retention: Retention | undefined,
): Promise<StoredObject> {
  const key = prefix + path;
  const put = await store.put(key, body, {
    ifNoneMatch: '*',
    ...(retention === undefined ? {} : { retention }),
  });
  const found = await store.head(key, put.versionId === undefined ? {} : { versionId: put.versionId });
  if (found?.size !== body.byteLength || (found.sha256 !== undefined && found.sha256 !== sha256)) {
    throw failure(
      `${name} does not hold what was sent: ${path} ${found === undefined ? 'is not there' : 'has another size or checksum'}`,
      { code: 'store-changed-object', hints: ['do not count on this store until you know why'] },
    );
  }
  if (retention !== undefined) checkLock(name, path, found.retention, retention);
  return { ...found, ...(put.versionId === undefined ? {} : { versionId: put.versionId }) };
}

function checkLock(name: string, path: string, found: Retention | undefined, asked: Retention): void {
  if (found === undefined) {
    throw failure(`${name} stored ${path} without the lock that was asked for`, {
      code: 'lock-missing',
      hints: ['the bucket must be made with Object Lock; `postern doctor` tells what it has'],
    });
  }
  const isWeaker = asked.mode === 'compliance' && found.mode === 'governance';
  // Stores keep whole seconds.
  if (isWeaker || found.until.getTime() < asked.until.getTime() - 1000) {
    throw failure(
      `${name} locked ${path} less than was asked for: ${found.mode} until ${found.until.toISOString()}, not ${asked.mode} until ${asked.until.toISOString()}`,
      { code: 'lock-shorter', hints: ['look at what stands between this host and the store'] },
    );
  }
}

function checkClock({ modified }: StoredObject, now: Date, { name }: Destination): void {
  const off = now.getTime() - modified.getTime();
  if (Math.abs(off) <= clockTolerance) return;
  throw clockSkewed(`${name} says that it is ${modified.toISOString()}`, now);
}

/** @returns exit 1, `clock-skewed` */
export function clockSkewed(witness: string, now: Date): PosternError {
  return failure(`the clock of this host says ${now.toISOString()}, and ${witness}`, {
    code: 'clock-skewed',
    hints: ['set the clock (timedatectl), then run this again: locks and the names of sets follow it'],
  });
}
