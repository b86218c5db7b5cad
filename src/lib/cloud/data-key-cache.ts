import { type Clock, systemClock } from '../base/clock.ts';

/**
 * Unwrapped data keys in memory, by the id of their row in a keyring: such a row is immutable, so that its key never
 * changes, however often it is rewrapped. Whoever asks for a key that is being unwrapped waits for the same call; a
 * call that failed is forgotten. A key is overwritten with zeros when it leaves, by age, by room or by `forget`, but
 * never under somebody who still works with it.
 */
export interface DataKeyCache {
  /**
   * Lends a key for as long as `work` lasts; the bytes must not be kept, changed or wiped.
   * @param unwrap gives the key when it is not there; it belongs to the cache from then on. Its errors pass through
   */
  use<T>(id: string, unwrap: Unwrap, work: (key: Uint8Array) => T | Promise<T>): Promise<T>;

  /** A copy of a key, which belongs to whoever asked; `use` leaves none behind. */
  get(id: string, unwrap: Unwrap): Promise<Uint8Array>;

  /** Lets one key go: after its row was destroyed, say. */
  forget(id: string): void;

  /** Lets all keys go. */
  clear(): void;
}

export type Unwrap = () => Promise<Uint8Array>;

export interface DataKeyCacheOptions {
  /** The one that was used the longest ago leaves for the next; 10,000 unless told. */
  readonly maxKeys?: number;
  /** Milliseconds since it was unwrapped after which a key leaves; five minutes unless told. */
  readonly ttlMs?: number;
  readonly clock?: Clock;
}

interface Entry {
  readonly opening: Promise<Uint8Array>;
  /** Once it is there. */
  key?: Uint8Array;
  /** How many work with it or wait for it. */
  lent: number;
  left: boolean;
  /** Milliseconds since 1970. */
  expires: number;
  timer?: NodeJS.Timeout;
}

export function dataKeyCache({
  maxKeys = 10_000,
  ttlMs = 300_000,
  clock = systemClock,
}: DataKeyCacheOptions = {}): DataKeyCache {
  // The one that was used the longest ago comes first.
  const entries = new Map<string, Entry>();

  function leave(id: string, entry: Entry): void {
    if (entries.get(id) === entry) entries.delete(id);
    clearTimeout(entry.timer);
    entry.left = true;
    wipeIfFree(entry);
  }

  function enter(id: string, unwrap: Unwrap): Entry {
    const open = async (): Promise<Uint8Array> => {
      try {
        return stay(id, entry, await unwrap());
      } catch (error) {
        leave(id, entry);
        throw error;
      }
    };
    // `open` runs on only after this turn, when `entry` is there.
    const opening = Promise.resolve().then(open);
    const entry: Entry = { opening, lent: 0, left: false, expires: Number.POSITIVE_INFINITY };
    return entry;
  }

  function stay(id: string, entry: Entry, key: Uint8Array): Uint8Array {
    entry.key = key;
    entry.expires = clock.now().getTime() + ttlMs;
    // A timer as well, so that a key that nobody asks for again does not stay; it keeps no process alive.
    if (!entry.left) entry.timer = setTimeout(() => leave(id, entry), ttlMs).unref();
    return key;
  }

  function find(id: string, unwrap: Unwrap): Entry {
    const known = entries.get(id);
    if (known !== undefined && known.expires <= clock.now().getTime()) leave(id, known);
    const entry = known === undefined || known.left ? enter(id, unwrap) : known;
    entries.delete(id);
    entries.set(id, entry);
    for (const [oldest, other] of entries) {
      if (entries.size <= maxKeys) break;
      leave(oldest, other);
    }
    return entry;
  }

  async function use<T>(id: string, unwrap: Unwrap, work: (key: Uint8Array) => T | Promise<T>): Promise<T> {
    const entry = find(id, unwrap);
    entry.lent++;
    try {
      return await work(await entry.opening);
    } finally {
      entry.lent--;
      wipeIfFree(entry);
    }
  }

  return {
    use,
    get: (id, unwrap) => use(id, unwrap, (key) => Uint8Array.from(key)),
    forget(id) {
      const entry = entries.get(id);
      if (entry !== undefined) leave(id, entry);
    },
    clear() {
      for (const [id, entry] of entries) leave(id, entry);
    },
  };
}

function wipeIfFree({ left, lent, key }: Entry): void {
  if (left && lent === 0) key?.fill(0);
}
