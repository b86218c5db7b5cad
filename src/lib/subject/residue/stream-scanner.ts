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
  const ring = Buffer.alloc(remembered);
  /** How many bytes were sifted. */
  let sifted = 0;
  let isCareful = false;
  const look = (bytes: Uint8Array): void => {
    for (const byte of bytes) scanner.feed(byte);
  };
  const remember = (chunk: Uint8Array): void => {
    const last = chunk.subarray(-remembered);
    const at = (sifted + chunk.length - last.length) % remembered;
    const fitting = Math.min(last.length, remembered - at);
    ring.set(last.subarray(0, fitting), at);
    ring.set(last.subarray(fitting), 0);
    sifted += chunk.length;
  };
  const lookBack = (): void => {
    const at = sifted % remembered;
    if (sifted > remembered) look(ring.subarray(at));
    look(ring.subarray(0, sifted > remembered ? at : sifted));
  };
  return {
    feed: (chunk) => {
      if (!isCareful && !sieve.pass(chunk)) return remember(chunk);
      if (!isCareful) lookBack();
      isCareful = true;
      look(chunk);
      return undefined;
    },
    end: () => {
      sieve.reset();
      sifted = 0;
      isCareful = false;
      return scanner.end();
    },
  };
}
