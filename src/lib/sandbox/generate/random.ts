/** A stream of pseudo-random numbers: the same seed and names give the same stream on every machine. */
export interface Random {
  /** An unsigned 32-bit integer. */
  bits(): number;
  /** An integer from 0 up to, but not including, `limit`. */
  below(limit: number): number;
  /** True in about `percent` of 100 cases. */
  chance(percent: number): boolean;
  pick<T>(list: readonly T[]): T;
}

/** Every stream has a number of its own, so that a change in one table leaves the others as they were. */
const streams = {
  account: 1,
  person: 2,
  contact: 3,
  thread: 4,
  lead: 5,
  message: 6,
  attachment: 7,
  event: 8,
  session: 9,
  token: 10,
  verification: 11,
  delivery: 12,
  userAction: 13,
  agentAction: 14,
  invoice: 15,
  staff: 16,
  http: 17,
  vocabulary: 18,
  tenant: 19,
  secret: 20,
} as const;

export type Stream = keyof typeof streams;

/** The stream of one thing: row `index` of a table, say. Rows can be made in any order, and alone. */
export function randomFor(seed: number, stream: Stream, index: number): Random {
  let state = mix(mix(seed, streams[stream]), index);
  // mulberry32 (Tommy Ettinger, public domain): one addition and two multiplications a number.
  const bits = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const below = (limit: number): number => Math.floor((bits() / 2 ** 32) * limit);
  return {
    bits,
    below,
    chance: (percent) => bits() < percent * 42_949_672.96,
    pick: <T>(list: readonly T[]): T => list[below(list.length)] as T,
  };
}

/** Joins two 32-bit numbers to one that looks unrelated to both (the finaliser of MurmurHash3). */
export function mix(a: number, b: number): number {
  let hash = Math.imul((a | 0) ^ Math.imul((b | 0) + 0x9e3779b9, 0x85ebca6b), 0xc2b2ae35);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** `bytes` pseudo-random bytes: for what must look like a key, a hash or a photograph. Never a secret. */
export function randomBytesFrom(random: Random, bytes: number): Buffer {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  for (let index = 0; index < words.length; index += 1) words[index] = random.bits();
  return Buffer.from(words.buffer, 0, bytes);
}

/** A version 4 UUID, lowercase. */
export function uuidFrom(random: Random): string {
  const bytes = randomBytesFrom(random, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
