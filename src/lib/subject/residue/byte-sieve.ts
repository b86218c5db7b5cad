import type { Search } from './field-scanner.ts';
import { foldingClasses } from './folding.ts';

/**
 * Tells whether bytes may hold a needle: a bare loop over the tables of the automata, for what is nearly always clean.
 * It knows neither words nor what stands around; a scanner looks again at what it does not pass.
 */
export interface ByteSieve {
  /** Goes on from where the last chunk ended. @returns whether a needle may end in this chunk */
  pass(chunk: Uint8Array): boolean;
  /** Begins anew. */
  reset(): void;
}

const newline = 0x0a;
const carriageReturn = 0x0d;
const equals = 0x3d;

export function byteSieve({ folded, exact, digests }: Search): ByteSieve {
  const { table: exactTable, classOf: exactClass, classes: exactClasses, isEnd: exactEnds } = exact;
  const { table: foldedTable, classes: foldedClasses, isEnd: foldedEnds } = folded;
  const { table: digestTable, classOf: digestClass, classes: digestClasses, isEnd: digestEnds } = digests;
  const foldedClass = foldingClasses(folded);
  let small = 0;
  let exactState = 0;
  let digestState = 0;
  /** The state before a `=`, which the end of a line behind it takes back; -1 elsewhere. */
  let beforeEquals = -1;

  const pass = (chunk: Uint8Array): boolean => {
    let hit = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      digestState = digestTable[digestState * digestClasses + (digestClass[byte] as number)] as number;
      hit |= digestEnds[digestState] as number;
      if (byte === newline || byte === carriageReturn) {
        if (beforeEquals >= 0) small = beforeEquals;
        else small = foldedTable[small * foldedClasses + (foldedClass[byte] as number)] as number;
        continue;
      }
      beforeEquals = byte === equals ? small : -1;
      small = foldedTable[small * foldedClasses + (foldedClass[byte] as number)] as number;
      exactState = exactTable[exactState * exactClasses + (exactClass[byte] as number)] as number;
      hit |= (foldedEnds[small] as number) | (exactEnds[exactState] as number);
    }
    return hit !== 0;
  };
  return {
    pass,
    reset: () => {
      small = 0;
      exactState = 0;
      digestState = 0;
      beforeEquals = -1;
    },
  };
}
