import { fieldScanner, type ResidueForm, type Search, streamScanner } from '../residue/index.ts';

/** Counts lines that name somebody, in text that comes in chunks. */
export interface LineScanner {
  feed(chunk: Uint8Array): void;
  end(): ScannedLines;
}

export interface ScannedLines {
  readonly lines: number;
  /** Lines that hold a name, in whatever form. */
  readonly naming: number;
  /** How many lines hold it in each form. */
  readonly forms: ReadonlyMap<ResidueForm, number>;
  /** What was found in the text as a whole: a name may go on from one line to another. */
  readonly whole: ReadonlySet<ResidueForm>;
}

const newline = 0x0a;

/** A longer line is not put together: it is looked through as it comes. */
const longestLine = 2 ** 20;

export function lineScanner(search: Search): LineScanner {
  const whole = streamScanner(search);
  const scanner = fieldScanner(search);
  const long = streamScanner(search);
  let rest: Buffer = Buffer.alloc(0);
  let isLong = false;
  let lines = 0;
  let naming = 0;
  const forms = new Map<ResidueForm, number>();
  /** Of the lines that were not looked at yet. */
  let suspicion: 'may-hold' | 'clean' = 'clean';

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
    for (let start = 0; start < block.length; lines += 1) {
      const at = block.indexOf(newline, start);
      const end = at < 0 ? block.length : at;
      if (suspicion === 'may-hold') {
        for (let index = start; index < end; index += 1) scanner.feed(block[index] ?? 0);
        note(scanner.end());
      }
      start = end + 1;
    }
  };
  return {
    feed: (chunk) => {
      const ofChunk = whole.feed(chunk);
      // What is left of the last chunk ends in this one.
      if (ofChunk === 'may-hold') suspicion = ofChunk;
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
        const block = text.subarray(0, last + 1);
        look(rest.length === 0 ? block : Buffer.concat([rest, block]));
        rest = Buffer.from(text.subarray(last + 1));
        suspicion = ofChunk;
      } else rest = Buffer.concat([rest, text]);
      if (rest.length <= longestLine) return;
      isLong = true;
      long.feed(rest);
      rest = Buffer.alloc(0);
    },
    end: () => {
      if (isLong) endLong();
      look(rest);
      return { lines, naming, forms, whole: whole.end() };
    },
  };
}
