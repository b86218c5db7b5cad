import { domainToASCII } from 'node:url';
import { type Identity, normalised, searchForms } from '../identity/identities.ts';
import type { KnownValues } from '../identity/spots.ts';
import { type AddressDigest, addressDigests } from './address-digests.ts';

/** Whom to take out: the names of one person or of many, at the same cost. */
export interface NameSet {
  /** Whether a stored value, as this identity compares values, is one of theirs. */
  has(identity: Identity, value: string): boolean;
  /** Their addresses, as they are told inside of a text. */
  addresses(identity: Identity): AddressSet;
}

/** Compared without case and Unicode form, a domain in either of its IDN forms, with the variants of the identity. */
export interface AddressSet {
  readonly isEmpty: boolean;
  /** Hashes of theirs, by how they are written. */
  readonly digests: ReadonlyMap<string, AddressDigest>;
  /**
   * Tells the local parts of theirs at a domain from those of others; undefined, for nearly every domain: none is theirs.
   * @param domain in Unicode or ASCII, any case
   */
  localsAt(domain: string): ((local: string) => boolean) | undefined;
}

/** Longer than any name is, with white space around it. */
const longestName = 4096;

/** @param known by kind of identity, as `subject find` resolved them; of several persons, all together */
export function nameSet(known: KnownValues, identities: ReadonlyMap<string, Identity>): NameSet {
  const values = new Map<string, ReadonlySet<string>>();
  const addresses = new Map<string, AddressSet>();
  for (const identity of identities.values()) {
    const own = [...(known.get(identity.kind) ?? [])];
    values.set(identity.name, new Set(own.flatMap((value) => searchForms(identity, value))));
    addresses.set(identity.name, addressSet(own, identity));
  }
  return {
    has: ({ name, normalise, variants }, value) =>
      value.length <= longestName && values.get(name)?.has(normalised(value, normalise, variants)) === true,
    addresses: ({ name }) => addresses.get(name) ?? addressSet([], { variants: [] }),
  };
}

function addressSet(values: readonly string[], { variants }: Pick<Identity, 'variants'>): AddressSet {
  const foldedLocal = (local: string) =>
    normalised(`${local.normalize('NFC').toLowerCase()}@`, [], variants).slice(0, -1);
  /** Local parts by domain. */
  const locals = new Map<string, Set<string>>();
  for (const value of values) {
    const address = value.trim();
    const at = address.lastIndexOf('@');
    if (at <= 0) continue;
    const domain = foldedDomain(address.slice(at + 1));
    const known = locals.get(domain) ?? new Set();
    locals.set(domain, known.add(foldedLocal(address.slice(0, at))));
  }
  return {
    isEmpty: locals.size === 0,
    digests: addressDigests(values),
    localsAt: (domain) => {
      if (domain.length > longestName) return undefined;
      const own = locals.get(foldedDomain(domain));
      return own === undefined
        ? undefined
        : (local) => local.length <= longestName && own.has(foldedLocal(local));
    },
  };
}

/** Small letters and ASCII (RFC 5891); a domain that has no such form stands for itself. */
function foldedDomain(domain: string): string {
  const small = domain.toLowerCase();
  // oxlint-disable-next-line no-control-regex -- ASCII is what it tells apart.
  return /^[\x00-\x7f]*$/.test(small) ? small : domainToASCII(small) || small.normalize('NFC');
}
