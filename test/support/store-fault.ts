import { failure, type PosternError } from '../../src/lib/base/error.ts';
import { objectExists } from '../../src/lib/cloud/object-error.ts';

/** How a store refuses, by the status that S3 would answer with, or why there was no answer. */
export type StoreFailure = 400 | 403 | 409 | 412 | 500 | 503 | 'expired credentials' | 'no answer' | 'full';

/**
 * `fail`: refuses, and does nothing. `lost-answer`: does it, and then fails as if the connection broke before the
 * answer. `slow`: does it once `until` is settled. `truncate`: a read gives the first `bytes` only, one less than there
 * are unless told. `flip`: a read gives the lowest bit of the byte `at` turned, the last byte's unless told, from the
 * end when negative. `vanish`: the object seems to be missing. `stale-list`: a listing leaves the keys out. `kill`:
 * runs `run` before it does anything, to end a process at this moment.
 */
export type StoreFault =
  | { readonly kind: 'fail'; readonly why: StoreFailure | PosternError }
  | { readonly kind: 'lost-answer' | 'vanish' | 'stale-list' }
  | { readonly kind: 'slow'; readonly until: Promise<unknown> | Gate }
  | { readonly kind: 'truncate'; readonly bytes?: number }
  | { readonly kind: 'flip'; readonly at?: number }
  | { readonly kind: 'kill'; readonly run: () => void | Promise<void> };

/** What a slow call waits at. */
export interface Gate {
  /** Resolves when the first call has come. */
  readonly reached: Promise<void>;
  /** Tells that a call has come; what it waits for. */
  arrive(): Promise<void>;
  /** Lets every call go on, now and later. */
  release(): void;
}

/** A gate, closed. */
export function gate(): Gate {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    arrive: () => {
      reached.resolve();
      return released.promise;
    },
    release: released.resolve,
  };
}

/** What happens to a call before it reaches the store. */
export async function disturb(faults: readonly StoreFault[], what: string, key: string): Promise<void> {
  for (const fault of faults) {
    if (fault.kind === 'kill') await fault.run();
    if (fault.kind === 'slow') await ('arrive' in fault.until ? fault.until.arrive() : fault.until);
    if (fault.kind === 'fail')
      throw fault.why instanceof Error ? fault.why : storeError(fault.why, what, key);
  }
}

/** The error as the S3 adapter's callers meet it. */
export function storeError(why: StoreFailure, what: string, key = ''): PosternError {
  switch (why) {
    case 409:
    case 412:
      return objectExists(what, key);
    case 500:
    case 503:
      return failure(`${what} failed after 4 attempts: HTTP ${why}`, { code: 'store-unavailable' });
    case 403:
      return failure(`${what} was refused by the store (AccessDenied)`, { code: 'store-refused' });
    case 'expired credentials':
      return failure(`${what} failed: the credentials are missing, expired or wrong (ExpiredToken)`, {
        code: 'store-credentials',
      });
    case 'no answer':
      return failure(`${what} failed: no answer (socket hang up)`, { code: 'store-unreachable' });
    case 'full':
      return failure(`${what} failed: the disk is full`, { code: 'store-full' });
    default:
      return failure(`${what} failed: HTTP ${why}`, { code: 'store-failed' });
  }
}

/** The bytes as a read gives them under these faults. */
export function altered(body: Uint8Array, faults: readonly StoreFault[]): Uint8Array {
  return faults.reduce((bytes, fault) => {
    if (fault.kind === 'truncate') return bytes.subarray(0, fault.bytes ?? Math.max(0, bytes.length - 1));
    return fault.kind === 'flip' ? flipped(bytes, fault.at ?? -1) : bytes;
  }, body);
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const index = at < 0 ? bytes.length + at : at;
  const byte = bytes[index];
  if (byte === undefined) throw new Error(`there is no byte ${at} to flip among ${bytes.length}`);
  const changed = Uint8Array.from(bytes);
  changed[index] = byte ^ 1;
  return changed;
}
