import { createHash } from 'node:crypto';
import { domainToASCII, domainToUnicode } from 'node:url';

const algorithms = ['md5', 'sha1', 'sha256'] as const;

/** How a hash of an address was made: without salt, as pictures and lists of suppressed addresses have it. */
export interface AddressDigest {
  readonly algorithm: (typeof algorithms)[number];
  readonly encoding: 'hex' | 'base64';
}

/** Hashes of these addresses in small letters, by how they are written: hexadecimal, or base64 without padding. */
export function addressDigests(values: readonly string[]): ReadonlyMap<string, AddressDigest> {
  return new Map(
    values
      .flatMap(spellings)
      .flatMap((address) =>
        algorithms.flatMap((algorithm) =>
          (['hex', 'base64'] as const).map(
            (encoding) => [digestOf(address, { algorithm, encoding }), { algorithm, encoding }] as const,
          ),
        ),
      ),
  );
}

/** @param address in small letters */
export const digestOf = (address: string, { algorithm, encoding }: AddressDigest): string =>
  createHash(algorithm).update(address).digest(encoding).replace(/=+$/, '');

function spellings(value: string): readonly string[] {
  const address = value.trim().normalize('NFC').toLowerCase();
  const at = address.lastIndexOf('@');
  const [local, domain] = [address.slice(0, at + 1), address.slice(at + 1)];
  const domains = [domain, domainToASCII(domain), domainToUnicode(domain)].filter((form) => form !== '');
  return at <= 0 ? [] : [...new Set(domains)].map((form) => local + form);
}
