import { byteSieve } from './byte-sieve.ts';
import { fieldScanner, type Search } from './field-scanner.ts';
import type { ResidueForm } from './needles.ts';

/** Looks through bytes that come in chunks. */
export interface StreamScanner {
  /** @returns whether a name may end in this chunk; a little longer than that it is said of what comes behind */
  feed(chunk: Uint8Array): 'may-hold' | 'clean';
  /** Ends what was fed, and begins anew. @returns the forms that were found in it */
  end(): ReadonlySet<ResidueForm>;
}

/** Of what the sieve let pass: longer than any needle, with the ends of lines within it. */
const remembered = 16 * 1024;

/**
 * Sifts until something may be there, goes on with care from a little before it, and sifts again a little behind it.
 * What is remembered was sifted as a whole, so that no name can begin where the memory does.
 */
export function streamScanner(search: Search): StreamScanner {
  const sieve = byteSieve(search);
  const scanner = fieldScanner(search);
  const ring = Buffer.alloc(remembered);
  /** How many bytes were sifted. */
  let sifted = 0;
  let isCareful = false;
  /** Bytes since something may have been there. */
  let quiet = 0;
  let found = new Set<ResidueForm>();
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
  const rest = (): void => {
    for (const form of scanner.end()) found.add(form);
    isCareful = false;
  };
  return {
    feed: (chunk) => {
      if (sieve.pass(chunk)) {
        if (!isCareful) lookBack();
        isCareful = true;
        quiet = 0;
        look(chunk);
      } else if (isCareful) {
        look(chunk);
        quiet += chunk.length;
        if (quiet >= remembered) rest();
      }
      remember(chunk);
      return isCareful ? 'may-hold' : 'clean';
    },
    end: () => {
      rest();
      const result = found;
      sieve.reset();
      sifted = 0;
      found = new Set();
      return result;
    },
  };
}
