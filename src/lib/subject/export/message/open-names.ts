import { domainToASCII } from 'node:url';
import { parseEntity } from './entity.ts';

/** What stands between addresses, and around them. */
const around = /[\s<>,;:"'()[\]\\]+/;

/** The words of a text that may be addresses, as they are written. */
export const addressesIn = (text: string): readonly string[] =>
  text.split(around).filter((word) => /.@./.test(word));

/** Who a message tells everybody that it went to; undefined where there is no message. */
export type OpenNames = ReadonlySet<string> | undefined;

/** The addresses in a header, without blind copies: they are what it does not tell. */
export function openNames(message: Buffer): ReadonlySet<string> {
  const ends = ['\r\n\r\n', '\n\n', '\r\r'].map((end) => message.indexOf(end)).filter((end) => end >= 0);
  const header = message.toString('latin1', 0, ends.length === 0 ? message.byteLength : Math.min(...ends));
  return new Set(
    parseEntity(header)
      .headers.filter(({ name }) => !isBlind(name))
      .flatMap(({ value }) => addressesIn(Buffer.from(value, 'latin1').toString()).map(canonical)),
  );
}

/** @param name of a header field, in small letters */
export const isBlind = (name: string): boolean => name === 'bcc' || name === 'resent-bcc';

/** Whether a header names every address of a value. */
export const areNamed = (names: ReadonlySet<string>, addresses: readonly string[]): boolean =>
  addresses.every((address) => names.has(canonical(address)));

/** In small letters, the domain in its ASCII form (IDNA). */
function canonical(address: string): string {
  const at = address.lastIndexOf('@') + 1;
  const domain = address.slice(at);
  return `${address.slice(0, at)}${domainToASCII(domain) || domain}`.toLowerCase();
}
