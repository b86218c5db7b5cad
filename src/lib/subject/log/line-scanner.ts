import { byteSieve, fieldScanner, type ResidueForm, type Search, streamScanner } from '../residue/index.ts';

/** Counts lines that name somebody, in text that comes in chunks. */
export interface LineScanner {
  feed(chunk: Uint8Array): void;
  /** Ends the text, and begins anew. */
  end(): ScannedLines;
}

export interface ScannedLines {
  readonly lines: number;
  /** Lines that hold a name, in whatever form. */
  readonly naming: number;
  /** How many lines hold it in each form. */
  readonly forms: ReadonlyMap<ResidueForm, number>;
}

const newline = 0x0a;

/** A longer line is not put together: it is looked through as it comes. */
const longestLine = 2 ** 20;

export function lineScanner(search: Search): LineScanner {
  const sieve = byteSieve(search);
  const scanner = fieldScanner(search);
  const long = streamScanner(search);
  let rest: Buffer = Buffer.alloc(0);
  let isLong = false;
  let lines = 0;
  let naming = 0;
  let forms = new Map<ResidueForm, number>();

  const note = (found: ReadonlySet<ResidueForm>): void => {
    if (found.size > 0) naming += 1;
    for (const form of found) forms.set(form, (forms.get(form) ?? 0) + 1);
  };
  const endLong = (): void => {
    isLong = false;
    lines += 1;
    note(long.end());
  };
  /** Whole lines; the last may lack its end. */
  const look = (block: Buffer): void => {
    sieve.reset();
    const mayHold = sieve.pass(block);
    for (let start = 0; start < block.length; lines += 1) {
      const at = block.indexOf(newline, start);
      const end = at < 0 ? block.length : at;
      if (mayHold) {
        for (let index = start; index < end; index += 1) scanner.feed(block[index] ?? 0);
        note(scanner.end());
      }
      start = end + 1;
    }
  };
  return {
    feed: (chunk) => {
      let text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (isLong) {
        const at = text.indexOf(newline);
        long.feed(at < 0 ? text : text.subarray(0, at));
        if (at < 0) return;
        endLong();
        text = text.subarray(at + 1);
      }
      const last = text.lastIndexOf(newline);
      if (last >= 0) {
        look(
          rest.length === 0 ? text.subarray(0, last + 1) : Buffer.concat([rest, text.subarray(0, last + 1)]),
        );
        rest = Buffer.from(text.subarray(last + 1));
      } else rest = Buffer.concat([rest, text]);
      if (rest.length <= longestLine) return;
      isLong = true;
      long.feed(rest);
      rest = Buffer.alloc(0);
    },
    end: () => {
      if (isLong) endLong();
      look(rest);
      const result = { lines, naming, forms };
      rest = Buffer.alloc(0);
      [lines, naming, forms] = [0, 0, new Map()];
      return result;
    },
  };
}
