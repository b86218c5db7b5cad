import { failure, PosternError } from '../../base/error.ts';
import type { Progress } from '../../base/progress.ts';
import type { Retention, StoredObject } from '../../cloud/object-store.ts';
import { requireSameTime } from '../clock-skew.ts';
import type { Destination, ObjectLock } from '../destination.ts';
import type { ManifestFile } from '../format/manifest.ts';

/** The copies of one set on their way into its destinations. */
export interface SetCopies {
  /** Every destination, also one that was unusable from the start. */
  readonly targets: readonly CopyTarget[];
  /** Destinations that still hold everything that was sent so far. */
  live(): readonly CopyTarget[];
  /** Destinations that refused something, and why; nothing more is sent there. */
  failures(): readonly FailedCopy[];
  /**
   * Stores a file in every live destination, reads back what each says it has, and gives up those that fail.
   * @throws {PosternError} the first one's error when none is left
   */
  put(path: string, body: Uint8Array, sha256: string, lock?: LockKind): Promise<ManifestFile['copies']>;
  /**
   * Stores the manifest. A destination whose answer is lost is asked what it has, because the set may be whole there.
   * @throws {PosternError} as `put`; exit 1 `commit-unknown` when none has it for certain, and one may
   */
  commit(path: string, body: Uint8Array, sha256: string, lock?: LockKind): Promise<void>;
}

export interface FailedCopy {
  readonly target: CopyTarget;
  readonly error: PosternError;
  /** `unknown`: the manifest was sent, and the store has told neither that it has it nor that it has not. */
  readonly has: 'no set' | 'unknown';
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
  const targets: readonly CopyTarget[] = destinations.map((destination) => ({
    destination,
    lockUntil: lockEnd(destination.lock, startedAt),
    keyringLockUntil: lockEnd(destination.keyringLock, startedAt),
    objectsLockUntil: lockEnd(destination.lock, new Date(startedAt.getTime() + objectsLonger)),
  }));
  let live = targets;
  const failures: FailedCopy[] = [];
  const giveUp = (target: CopyTarget, error: PosternError, has: FailedCopy['has'] = 'no set'): void => {
    if (!live.includes(target)) return;
    live = live.filter((other) => other !== target);
    failures.push({ target, error, has });
    if (live.length > 0)
      progress.warn(`${target.destination.name} is given up, the others go on: ${error.message}`);
  };
  for (const target of targets)
    if (target.destination.unusable !== undefined) giveUp(target, target.destination.unusable);
  return {
    targets,
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
    commit: async (path, body, sha256, lock = 'set') => {
      await Promise.all(
        live.map(async (target) => {
          const file = { path, body, sha256, retention: retentionOf(target, lock) };
          const { has, error } = await storeManifest(target.destination, file, now);
          if (has !== 'the set') giveUp(target, error, has);
        }),
      );
      const [first] = failures;
      if (live.length > 0 || first === undefined) return;
      throw failures.find(({ has }) => has === 'unknown') === undefined
        ? first.error
        : commitUnknown(failures);
    },
  };
}

/** @returns exit 1, `commit-unknown` */
function commitUnknown(failures: readonly FailedCopy[]): PosternError {
  const silent = failures.filter(({ has }) => has === 'unknown');
  const names = silent.map(({ target }) => target.destination.name).join(', ');
  return failure(
    `the set was sent, and whether it is whole at ${names} is not known: ${silent[0]?.error.message ?? ''}`,
    {
      code: 'commit-unknown',
      cause: silent[0]?.error,
      hints: [
        'run the backup again when the destination answers: it finds out, tells, and makes the next set',
      ],
    },
  );
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

/** A file on its way into a destination. */
interface OutgoingFile {
  readonly path: string;
  readonly body: Uint8Array;
  readonly sha256: string;
  readonly retention: Retention | undefined;
}

type Commit =
  | { readonly has: 'the set'; readonly error?: undefined }
  | { readonly has: FailedCopy['has']; readonly error: PosternError };

/** After these, a PUT may have been done all the same. */
const unanswered: ReadonlySet<string> = new Set(['store-unreachable', 'store-unavailable', 'object-exists']);
/** What a store has told, in answer to the look that follows. */
const answered: ReadonlySet<string> = new Set([
  'store-changed-object',
  'lock-missing',
  'lock-shorter',
  'clock-skewed',
]);

async function storeManifest(destination: Destination, file: OutgoingFile, now: () => Date): Promise<Commit> {
  const sent = await attempt(() => send(destination, file));
  if (sent.error !== undefined && !unanswered.has(sent.error.code ?? ''))
    return { has: 'no set', error: sent.error };
  const { error } = await attempt(async () =>
    checkClock(await readBack(destination, file, sent.value?.versionId), now(), destination),
  );
  if (error === undefined) return { has: 'the set' };
  const has = answered.has(error.code ?? '') ? 'no set' : 'unknown';
  return { has, error: sent.error ?? error };
}

async function attempt<T>(
  work: () => Promise<T>,
): Promise<
  | { readonly value: T; readonly error?: undefined }
  | { readonly value?: undefined; readonly error: PosternError }
> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof PosternError) return { error };
    throw error;
  }
}

/**
 * One PUT, never over another object, and a HEAD: what a store confirms and what it has are two things.
 * @throws {PosternError} exit 1: `store-changed-object`, `lock-missing`, `lock-shorter`, and as the port's `put` and `head`
 */
export async function storeFile(
  destination: Destination,
  path: string,
  body: Uint8Array,
  sha256: string,
  retention: Retention | undefined,
): Promise<StoredObject> {
  const file = { path, body, sha256, retention };
  return readBack(destination, file, (await send(destination, file)).versionId);
}

function send(
  { store, prefix }: Destination,
  { path, body, retention }: OutgoingFile,
): Promise<StoredObject> {
  return store.put(prefix + path, body, {
    ifNoneMatch: '*',
    ...(retention === undefined ? {} : { retention }),
  });
}

/** What the store has: this version, or the newest where the answer to the PUT never came. */
async function readBack(
  { name, store, prefix }: Destination,
  { path, body, sha256, retention }: OutgoingFile,
  versionId: string | undefined,
): Promise<StoredObject> {
  const found = await store.head(prefix + path, versionId === undefined ? {} : { versionId });
  if (found?.size !== body.byteLength || (found.sha256 !== undefined && found.sha256 !== sha256)) {
    throw failure(
      `${name} does not hold what was sent: ${path} ${found === undefined ? 'is not there' : 'has another size or checksum'}`,
      { code: 'store-changed-object', hints: ['do not count on this store until you know why'] },
    );
  }
  if (retention !== undefined) checkLock(name, path, found.retention, retention);
  return { ...found, ...(versionId === undefined ? {} : { versionId }) };
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
  requireSameTime(name, modified, now);
}
