import { wrappedBefore } from '../identity/bounce-address.ts';
import { domainsAt } from './address-domain.ts';
import { localsBefore } from './address-local.ts';
import { decodedBytes } from './characters.ts';
import { areStrings, betweenStrings } from './imap-envelope.ts';
import type { AddressSet } from './name-set.ts';

/** Where in a text (latin1) an address stands that is one of the persons'. */
export interface FoundAddress {
  readonly from: number;
  readonly to: number;
  /** How its `@` is written: `@`, `%40`, `&#64;`, `" "`; `=` within an address for bounces. */
  readonly sign: string;
}

/** Each `@`, as it is or written in another way; `%2540` is one that was encoded twice. */
const signs = new RegExp(
  String.raw`@|%(?:25){0,3}40|=40|&#0{0,6}64;|&#x0{0,6}40;|&commat;|\\u0040|${betweenStrings}`,
  'gi',
);

/**
 * Every address of the persons in a text, from left to right; none overlaps another. An address is taken as long as it
 * is written: where it only begins or ends as one of theirs does, it is not theirs. Takes time linear in the text.
 */
export function* foundAddresses(text: string, addresses: AddressSet): Generator<FoundAddress> {
  if (addresses.isEmpty) return;
  let last = 0;
  const localsAt = (domain: string) => {
    const isTheirs = addresses.localsAt(decodedBytes(domain));
    return isTheirs === undefined ? undefined : (local: string) => isTheirs(decodedBytes(local));
  };
  for (const { 0: sign, index } of text.matchAll(signs)) {
    const wrapped = wrappedBefore(text, index, last, localsAt);
    if (wrapped !== undefined) {
      yield wrapped;
      last = wrapped.to;
      continue;
    }
    for (const { name, end } of domainsAt(text, index + sign.length)) {
      const isTheirs = addresses.localsAt(name);
      if (isTheirs === undefined) continue;
      const start = localsBefore(text, index, last).find((local) => isTheirs(local.name))?.start;
      if (start === undefined || (sign.endsWith('"') && !areStrings(text, start, end))) continue;
      yield { from: start, to: end, sign };
      last = end;
      break;
    }
  }
}
