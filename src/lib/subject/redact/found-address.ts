import { wrappedBefore } from '../identity/bounce-address.ts';
import { domainsAt } from './address-domain.ts';
import { localsBefore } from './address-local.ts';
import { decodedBytes } from './characters.ts';
import { countedStrings } from './counted-string.ts';
import { areStrings, betweenStrings } from './imap-envelope.ts';
import type { AddressSet } from './name-set.ts';

/** Where in a text (latin1) an address stands that is one of the persons'. */
export interface FoundAddress {
  readonly from: number;
  readonly to: number;
  /** How its `@` is written: `@`, `%40`, `&#64;`, `" "`; `=` within an address for bounces. */
  readonly sign: string;
  /** It stands in a string whose length stands before it. */
  readonly isCounted: boolean;
}

/** RFC 5321 §4.5.3.1.2. */
const longestDomain = 255;

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
  const countedAt = countedStrings(text);
  const localsAt = (domain: string) => {
    const isTheirs = addresses.localsAt(decodedBytes(domain));
    return isTheirs === undefined ? undefined : (local: string) => isTheirs(decodedBytes(local));
  };
  for (const { 0: sign, index } of text.matchAll(signs)) {
    const ends = countedAt(index);
    const isCounted = (end: number) => ends.some((one) => one >= end);
    const wrapped = wrappedBefore(text, index, last, localsAt);
    if (wrapped !== undefined) {
      yield { ...wrapped, isCounted: isCounted(wrapped.to) };
      last = wrapped.to;
      continue;
    }
    const behind = index + sign.length;
    const counted = ends
      .filter((end) => end > behind && end <= behind + longestDomain)
      .map((end) => ({ name: decodedBytes(text.slice(behind, end)), end }));
    for (const { name, end } of [...counted, ...domainsAt(text, behind)]) {
      const isTheirs = addresses.localsAt(name);
      if (isTheirs === undefined) continue;
      const start = localsBefore(text, index, last).find((local) => isTheirs(local.name))?.start;
      if (start === undefined || (sign.endsWith('"') && !areStrings(text, start, end))) continue;
      yield { from: start, to: end, sign, isCounted: isCounted(end) };
      last = end;
      break;
    }
  }
}
