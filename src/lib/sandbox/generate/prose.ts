import { readFileSync } from 'node:fs';
import type { Random } from './random.ts';

/** Writes text whose words are as unevenly spread as those of a language, so that it compresses as mail does. */
export interface Prose {
  word(random: Random): string;
  /** `count` words, without a full stop. */
  words(random: Random, count: number): string;
  sentence(random: Random): string;
  /** Sentences in lines of at most about 74 characters, each ending in CRLF. */
  paragraph(random: Random, sentences: number): string;
}

const slots = 65_536;

/** @returns a writer; its vocabulary is the same for every seed, the choice of words is the caller's `random`'s */
export function createProse(): Prose {
  const vocabulary = readFileSync(new URL('words.txt', import.meta.url), 'utf8')
    .trim()
    .split(/\s+/);
  const table = zipfTable(vocabulary);
  const word = (random: Random): string => table[random.bits() & (slots - 1)] as string;
  const words = (random: Random, count: number): string => {
    let text = word(random);
    for (let index = 1; index < count; index += 1) text += ` ${word(random)}`;
    return text;
  };
  const sentence = (random: Random): string => `${capitalise(words(random, 4 + random.below(14)))}.`;
  return { word, words, sentence, paragraph: (random, sentences) => paragraph(table, random, sentences) };
}

/** Word k stands in the table as often as Zipf's law has it in a text: in proportion to 1/(k + 2.7). */
function zipfTable(vocabulary: readonly string[]): readonly string[] {
  const weights = vocabulary.map((_, rank) => 1 / (rank + 2.7));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const table: string[] = [];
  let reached = 0;
  for (const [rank, weight] of weights.entries()) {
    reached += (weight / sum) * slots;
    while (table.length < reached && table.length < slots) table.push(vocabulary[rank] as string);
  }
  while (table.length < slots) table.push(vocabulary[0] as string);
  return table;
}

function paragraph(table: readonly string[], random: Random, sentences: number): string {
  let text = '';
  let column = 0;
  for (let index = 0; index < sentences; index += 1) {
    let left = 4 + (random.bits() & 15);
    let isFirst = true;
    while (left > 0) {
      // Two words for one draw of 32 bits.
      const bits = random.bits();
      for (const slot of [bits & (slots - 1), bits >>> 16]) {
        const plain = table[slot] as string;
        const next = isFirst ? capitalise(plain) : plain;
        isFirst = false;
        left -= 1;
        if (column > 0) {
          const wraps = column + next.length > 72;
          text += wraps ? '\r\n' : ' ';
          column = wraps ? 0 : column + 1;
        }
        text += next;
        column += next.length;
        if (left === 0) break;
      }
    }
    text += (random.bits() & 7) === 0 ? '?' : '.';
    column += 1;
  }
  return `${text}\r\n`;
}

function capitalise(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
