import { objectsIndexName } from '../format/layout.ts';
import { rowChecksum, type TableSum } from '../format/row-checksum.ts';
import { formatLine, type IndexLine } from './index-line.ts';
import type { ObjectFiles } from './object-files.ts';
import { partStream } from './part-stream.ts';

/** Plain text of a file of the index, in bytes. */
const fileSize = 8 * 2 ** 20;
/** Lines are summed and copied so many bytes at a time. */
const batchSize = 2 ** 16;

export interface IndexWriter {
  add(line: IndexLine): Promise<void>;
  /** @returns how many lines, and their sum */
  finish(): Promise<TableSum>;
}

export function indexWriter(files: ObjectFiles): IndexWriter {
  const stream = partStream(fileSize, (part, bytes, size) =>
    files.put(objectsIndexName(part), 'objects-index', bytes, size),
  );
  const checksum = rowChecksum();
  let batch: Buffer[] = [];
  let pending = 0;
  const flush = async (): Promise<void> => {
    if (pending === 0) return;
    const lines = Buffer.concat(batch);
    batch = [];
    pending = 0;
    checksum.add(lines);
    await stream.write(lines);
  };
  return {
    add: async (line) => {
      const text = formatLine(line);
      batch.push(text);
      pending += text.byteLength;
      if (pending >= batchSize) await flush();
    },
    finish: async () => {
      await flush();
      await stream.finish();
      return checksum.sum();
    },
  };
}
