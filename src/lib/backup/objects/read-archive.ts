import { createHash } from 'node:crypto';
import { integrityError } from '../../base/error.ts';
import { DamagedFile } from '../damaged-file.ts';
import { objectsPartName } from '../format/layout.ts';
import type { StoredLine } from './index-line.ts';
import { type ObjectSets, type ReadableSet, readPlain } from './readable-set.ts';
import { parseTarHead, type TarMember } from './tar-header.ts';

/** The archive of one set. Memory holds one part of it, so read it forwards. */
export interface ObjectArchive {
  readonly setId: string;
  /**
   * Reads the header and the bytes of an object. The header is checked before anything is handed out, the bytes are
   * compared with the index's SHA-256 when the last of them has been.
   * @throws {PosternError} exit 5: `object-not-as-listed`, `tar-malformed`, and what reading the part says
   */
  read(line: StoredLine): Promise<ArchivedObject>;
}

export interface ArchivedObject {
  readonly member: Omit<TarMember, 'modified'>;
  readonly body: AsyncGenerator<Buffer>;
}

/** @param partPlainSize of every part but the last, in bytes */
export function objectArchive(sets: ObjectSets, readable: ReadableSet, partPlainSize: number): ObjectArchive {
  const { setId } = readable.set;
  let held: { readonly part: number; readonly plain: Promise<Buffer> } | undefined;
  const readPart = async (part: number): Promise<Buffer> => {
    const blocks: Buffer[] = [];
    for await (const block of readPlain(sets, readable, objectsPartName(part))) blocks.push(block);
    return Buffer.concat(blocks);
  };
  const partAt = (part: number): Promise<Buffer> => {
    // A damaged part is not read again for each of its objects.
    if (held?.part !== part) held = { part, plain: readPart(part) };
    return held.plain;
  };
  async function* range(offset: number, size: number): AsyncGenerator<Buffer> {
    for (let at = offset; at < offset + size; ) {
      const index = Math.floor(at / partPlainSize);
      const start = at - index * partPlainSize;
      const end = Math.min(partPlainSize, start + offset + size - at);
      const piece = (await partAt(index + 1)).subarray(start, end);
      if (piece.byteLength !== end - start) {
        const short = integrityError(`the archive of ${setId} is shorter than the index says`, {
          code: 'object-not-as-listed',
        });
        throw new DamagedFile(objectsPartName(index + 1), short);
      }
      yield piece;
      at += piece.byteLength;
    }
  }
  return {
    setId,
    read: async (line) => {
      const head: Buffer[] = [];
      for await (const piece of range(line.offset - line.head, line.head)) head.push(piece);
      const member = parseTarHead(Buffer.concat(head));
      if (member.size !== line.size) throw notAsListed(setId, line);
      return { member, body: checkedBody(range(line.offset, line.size), setId, line) };
    },
  };
}

async function* checkedBody(
  pieces: AsyncGenerator<Buffer>,
  setId: string,
  line: StoredLine,
): AsyncGenerator<Buffer> {
  const sum = createHash('sha256');
  for await (const piece of pieces) {
    sum.update(piece);
    yield piece;
  }
  if (sum.digest('hex') !== line.sha256) throw notAsListed(setId, line);
}

function notAsListed(setId: string, { bucket, key }: StoredLine): Error {
  return integrityError(`the set ${setId} does not hold ${bucket}/${key} as the index says`, {
    code: 'object-not-as-listed',
    hints: ['take this set from another copy'],
  });
}
