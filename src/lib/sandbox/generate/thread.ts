import { randomFor } from './random.ts';
import type { World } from './world.ts';

/** A conversation: neighbouring messages between one account and one outside person. */
export interface Thread {
  /** Index of its first message. */
  readonly start: number;
  readonly accountIndex: number;
  readonly contactSlot: number;
  /** How many further recipients the messages have. */
  readonly others: number;
  /** 1 when the account wrote first. */
  readonly parity: 0 | 1;
  readonly subject: string;
}

/** How eight neighbouring messages fall into conversations. */
const patterns: readonly (readonly number[])[] = [
  [8],
  [1, 1, 1, 1, 1, 1, 1, 1],
  [2, 1, 3, 2],
  [1, 4, 1, 2],
  [5, 1, 1, 1],
  [1, 1, 1, 2, 3],
];

/** The thread that the message with this index belongs to. */
export function threadOf(world: World, index: number): Thread {
  const { seed, counts, prose } = world;
  const start = threadStart(seed, index);
  const random = randomFor(seed, 'thread', start);
  // Squared: a few accounts get most of the mail, as in life.
  const share = random.below(1_000_000) / 1_000_000;
  const accountIndex = Math.floor(share * share * counts.accounts);
  const crowd = random.below(100);
  return {
    start,
    accountIndex,
    contactSlot: random.below(counts.contactsPerAccount),
    others: crowd < 60 ? 0 : crowd < 97 ? 1 + random.below(3) : 8 + random.below(12),
    parity: random.chance(70) ? 0 : 1,
    subject: subject(prose.words(random, 2 + random.below(6)), random.below(100)),
  };
}

function threadStart(seed: number, index: number): number {
  const block = index - (index & 7);
  let start = block;
  for (const size of randomFor(seed, 'thread', -1 - (block >> 3)).pick(patterns)) {
    if (index < start + size) return start;
    start += size;
  }
  return start;
}

function subject(words: string, kind: number): string {
  const text = words.charAt(0).toUpperCase() + words.slice(1);
  if (kind < 4) return `Rückfrage: ${text}`;
  if (kind < 7) return `${text} – für Sie geändert`;
  return kind < 9 ? `【${text}】` : text;
}
