import type { Manifest } from '../format/manifest.ts';
import { type IndexLine, parseLine } from './index-line.ts';
import { type ObjectSets, type ReadableSet, readPlain } from './readable-set.ts';

/** A line of an index, and the bytes that it was read from, with the line feed. */
export interface ReadLine {
  readonly line: IndexLine;
  readonly text: Buffer;
}

/** The lines of a set's index in their order. @throws {PosternError} exit 5 */
export async function* readIndex(
  sets: ObjectSets,
  readable: ReadableSet,
  { files }: Pick<Manifest, 'files'>,
): AsyncGenerator<ReadLine> {
  const names = files.filter(({ kind }) => kind === 'objects-index').map(({ name }) => name);
  let rest: Buffer = Buffer.alloc(0);
  for (const name of names.toSorted()) {
    for await (const block of readPlain(sets, readable, name)) {
      const text = rest.byteLength === 0 ? block : Buffer.concat([rest, block]);
      let start = 0;
      for (let end = text.indexOf(0x0a); end !== -1; end = text.indexOf(0x0a, start)) {
        const line = text.subarray(start, end + 1);
        yield { line: parseLine(line.toString('utf8')), text: line };
        start = end + 1;
      }
      rest = text.subarray(start);
    }
  }
  // A line without an end is not what was written.
  if (rest.byteLength > 0) parseLine('');
}
