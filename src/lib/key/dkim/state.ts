// What becomes of a selector, in this order. It never goes back, and no selector is used twice.
import type { KeyType } from './record.ts';

export const selectorStates = [
  /** The key pair is made; the zone shall get its record. */
  'prepared',
  /** Every authoritative server and resolver has the record. */
  'published',
  /** It signs. */
  'active',
  /** It signs no more; mail that it signed is still on its way. */
  'grace',
  /** The zone shall get an empty `p=`. */
  'revoking',
  /** Every authoritative server says that the key is revoked. */
  'revoked',
  /** The zone shall lose the record. */
  'removing',
  /** No authoritative server has it any more. */
  'removed',
  /** The private key is deleted. */
  'destroyed',
] as const;

export type SelectorState = (typeof selectorStates)[number];

/** A selector and its key, as the register knows it. */
export interface RegisteredSelector {
  readonly domain: string;
  readonly selector: string;
  readonly keyType: KeyType;
  readonly bits: number;
  /** As it stands in `p=`. */
  readonly publicKey: string;
  /** `made` here, or `adopted`: made elsewhere, and signing already. */
  readonly origin: 'made' | 'adopted';
  /** Of the private key. */
  readonly keyFile: string;
  readonly state: SelectorState;
  /** RFC 3339, UTC: since when it is in this state. */
  readonly since: string;
  /** RFC 3339, UTC, or null: when it was made known, and since when it signs or signed. */
  readonly createdAt: string;
  readonly activeSince: string | null;
  /** Not before: when a selector in grace, or revoked, may go on. RFC 3339, UTC, or null. */
  readonly notBefore: string | null;
  readonly isCompromised: boolean;
  /** The plan that brought it here was cancelled, so that nobody goes on with it. */
  readonly isOrphaned: boolean;
}

/** What the zone shall have for a selector. */
export type WantedRecord = 'key' | 'revoked' | 'absent';

export function wantedRecord(state: SelectorState): WantedRecord {
  if (state === 'revoking' || state === 'revoked') return 'revoked';
  return state === 'removing' || state === 'removed' || state === 'destroyed' ? 'absent' : 'key';
}

export function isAfter(state: SelectorState, other: SelectorState): boolean {
  return selectorStates.indexOf(state) > selectorStates.indexOf(other);
}
