import type { Client } from '../../../base/postgres.ts';
import { copyOut } from '../../../platform/copy-out.ts';

/** The fields of a row, as its columns' types are sent; memory of the block, which is only its own during the call. */
export type RawRow = readonly (Buffer | null)[];

/** The signature, the flags, and the size of an extension (PostgreSQL, "COPY", binary format). */
const headerSize = 19;

/**
 * Reads the rows of a query in PostgreSQL's binary format, where fields are told by their length and nothing is
 * escaped. Ask for columns as `text` or `bytea`: both come as their bytes. Memory holds one block, or the largest row.
 * @param onRows takes the rows of a block; the server waits meanwhile
 * @returns how many rows there were
 */
export async function copyRows(
  db: Client,
  query: string,
  onRows: (rows: readonly RawRow[]) => Promise<void>,
): Promise<number> {
  let isFirst = true;
  return copyOut(db, `copy (${query}) to stdout (format binary)`, { blockSize: 1 << 20 }, (block) => {
    const rows = rowsOf(Buffer.from(block.buffer, block.byteOffset, block.byteLength), isFirst);
    isFirst = false;
    return rows.length === 0 ? undefined : onRows(rows);
  });
}

function rowsOf(block: Buffer, isFirst: boolean): readonly RawRow[] {
  const rows: RawRow[] = [];
  let at = isFirst ? headerSize : 0;
  while (at < block.byteLength) {
    const fields = block.readInt16BE(at);
    at += 2;
    // What ends the rows.
    if (fields < 0) break;
    const row: (Buffer | null)[] = [];
    for (let field = 0; field < fields; field++) {
      const size = block.readInt32BE(at);
      at += 4;
      if (size < 0) row.push(null);
      else {
        row.push(block.subarray(at, at + size));
        at += size;
      }
    }
    rows.push(row);
  }
  return rows;
}
