import { createProse, type Prose } from './prose.ts';

/** Everything that a sandbox's contents follow from. Two worlds with the same seed and scale are the same. */
export interface World {
  readonly seed: number;
  readonly counts: Counts;
  readonly prose: Prose;
}

/** How many of each thing there are. */
interface Counts {
  readonly messages: number;
  readonly tenants: number;
  readonly accounts: number;
  readonly people: number;
  readonly contactsPerAccount: number;
  readonly mailboxesPerAccount: number;
  readonly eventsPerAccount: number;
  readonly sessionsPerAccount: number;
  readonly aliases: number;
  readonly oauthTokens: number;
  readonly verifications: number;
  readonly invoicesPerTenant: number;
  readonly deliveries: number;
  readonly userActions: number;
  readonly agentActions: number;
  readonly httpRequests: number;
  /** Every message whose index is 3 more than a multiple of this has attachments, and lies in the object store. */
  readonly objectStride: number;
}

/** The sandbox's history: two years that end here. Nothing in it depends on the real time. */
export const historyEnd = Date.UTC(2026, 5, 30);
export const historyStart = Date.UTC(2024, 6, 1);

/** At most about this many messages have their body in the object store, whatever the scale. */
const maxObjectMessages = 500;

export function createWorld(seed: number, messages: number): World {
  const accounts = clamp(Math.round(messages / 200), 40, 50_000);
  return {
    seed,
    prose: createProse(),
    counts: {
      messages,
      accounts,
      tenants: clamp(Math.round(accounts / 25), 8, 1_000),
      people: accounts * 4,
      contactsPerAccount: 8,
      mailboxesPerAccount: 5,
      eventsPerAccount: 4,
      sessionsPerAccount: 2,
      aliases: Math.ceil(accounts / 2),
      oauthTokens: accounts,
      verifications: accounts * 2,
      invoicesPerTenant: 12,
      deliveries: Math.ceil(messages / 4),
      userActions: Math.max(2_000, Math.ceil(messages / 10)),
      agentActions: Math.max(500, Math.ceil(messages / 200)),
      httpRequests: clamp(Math.ceil(messages / 5), 2_000, 200_000),
      objectStride: Math.max(8, Math.ceil(messages / maxObjectMessages)),
    },
  };
}

/** The moment at which thing `index` of `count` happened, if they are spread evenly over the history; ms since 1970. */
export function momentOf(index: number, count: number, jitter: number): number {
  const step = (historyEnd - historyStart) / count;
  return Math.floor(historyStart + (index + (jitter % 997) / 997) * step);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
