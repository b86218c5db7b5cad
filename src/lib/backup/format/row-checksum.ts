import { hash } from 'node:crypto';

const newline = 0x0a;

/**
 * How many rows a table has, and one number that says which: the sum, modulo 2¹²⁸, of the first 16 bytes
 * (big-endian) of the SHA-256 of each row. A row is its line of PostgreSQL's text COPY format, without the line
 * feed. Addition makes the sum independent of the order of the rows, so that it can be taken in parallel and again
 * after a restore.
 */
export interface TableSum {
  readonly rows: number;
  /** 32 lowercase hex digits. */
  readonly checksum: string;
}

export interface RowChecksum {
  /** Takes complete lines, each ending in a line feed. */
  add(lines: Uint8Array): void;
  sum(): TableSum;
}

export function rowChecksum(): RowChecksum {
  let rows = 0;
  // Four 32-bit lanes, least significant first. Adding n rows of 32 bits each stays exact below 2⁵³ for 2²¹ rows,
  // so the carries are propagated once per call and not once per row.
  const lanes: [number, number, number, number] = [0, 0, 0, 0];
  return {
    add: (lines) => {
      const buffer = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength);
      let start = 0;
      let sinceCarry = 0;
      for (let end = buffer.indexOf(newline); end !== -1; end = buffer.indexOf(newline, start)) {
        const digest = hash('sha256', buffer.subarray(start, end), 'buffer');
        lanes[3] += digest.readUInt32BE(0);
        lanes[2] += digest.readUInt32BE(4);
        lanes[1] += digest.readUInt32BE(8);
        lanes[0] += digest.readUInt32BE(12);
        rows += 1;
        sinceCarry += 1;
        if (sinceCarry === 2 ** 20) {
          carry(lanes);
          sinceCarry = 0;
        }
        start = end + 1;
      }
      if (start !== buffer.length) throw new Error('row checksum: the lines do not end in a line feed');
      carry(lanes);
    },
    sum: () => ({
      rows,
      checksum: lanes
        .toReversed()
        .map((lane) => lane.toString(16).padStart(8, '0'))
        .join(''),
    }),
  };
}

/** The sum over the union of disjoint sets of rows. */
export function addSums(sums: readonly TableSum[]): TableSum {
  const total = sums.reduce((sum, { checksum }) => (sum + BigInt(`0x${checksum}`)) % 2n ** 128n, 0n);
  return {
    rows: sums.reduce((sum, { rows }) => sum + rows, 0),
    checksum: total.toString(16).padStart(32, '0'),
  };
}

function carry(lanes: [number, number, number, number]): void {
  let over = 0;
  for (const [index, lane] of lanes.entries()) {
    const value = lane + over;
    over = Math.floor(value / 2 ** 32);
    lanes[index] = value % 2 ** 32;
  }
}
