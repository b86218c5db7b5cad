import { byteSieve } from './byte-sieve.ts';
import { fieldScanner, type Search } from './field-scanner.ts';
import type { ResidueForm } from './needles.ts';

/** Looks through bytes that come in chunks. */
export interface StreamScanner {
  feed(chunk: Uint8Array): void;
  /** Ends what was fed, and begins anew. @returns the forms that were found in it */
  end(): ReadonlySet<ResidueForm>;
}

/** Of what the sieve let pass: longer than any needle, with the ends of lines within it. */
const remembered = 16 * 1024;

/**
 * Sifts until something may be there, and goes on with care from a little before it. What is remembered was sifted as
 * a whole, so that no name can begin where the memory does.
 */
export function streamScanner(search: Search): StreamScanner {
  const sieve = byteSieve(search);
  const scanner = fieldScanner(search);
  let before: Buffer = Buffer.alloc(0);
  let isCareful = false;
  const look = (bytes: Uint8Array): void => {
    for (const byte of bytes) scanner.feed(byte);
  };
  return {
    feed: (chunk) => {
      if (isCareful) return look(chunk);
      if (sieve.pass(chunk)) {
        isCareful = true;
        look(before);
        look(chunk);
        return undefined;
      }
      before =
        chunk.length >= remembered
          ? Buffer.from(chunk.subarray(-remembered))
          : Buffer.concat([before.subarray(-(remembered - chunk.length)), chunk]);
      return undefined;
    },
    end: () => {
      sieve.reset();
      before = Buffer.alloc(0);
      isCareful = false;
      return scanner.end();
    },
  };
}
