import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addSums, rowChecksum, type TableSum } from '../../src/lib/backup/format/row-checksum.ts';

/** The definition in docs/formats/backup-set.md, written down once more without any of the code under test. */
function defined(lines: readonly string[]): TableSum {
  const first16 = (line: string) =>
    BigInt(`0x${createHash('sha256').update(line).digest('hex').slice(0, 32)}`);
  const sum = lines.reduce((total, line) => total + first16(line), 0n) & ((1n << 128n) - 1n);
  return { rows: lines.length, checksum: sum.toString(16).padStart(32, '0') };
}

function summed(...blocks: readonly (readonly string[])[]): TableSum {
  const checksum = rowChecksum();
  for (const lines of blocks) checksum.add(Buffer.from(lines.map((line) => `${line}\n`).join('')));
  return checksum.sum();
}

const line = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', ' '));

test('no rows are zero rows and zeros, and an empty line is a row', () => {
  expect(summed()).toEqual({ rows: 0, checksum: '0'.repeat(32) });
  expect(summed([''])).toEqual({ rows: 1, checksum: 'e3b0c44298fc1c149afbf4c8996fb924' });
});

test('the example of docs/formats/backup-set.md comes out as it stands there', () => {
  expect(summed(['1\tAda\t\\N', '2\tGrace\ttwo\\nlines', '3\tLéa\t'])).toEqual({
    rows: 3,
    checksum: 'b3fefb0dbf6f5ced82acd3c935d636ab',
  });
});

test('the sum is the defined one, whatever the lines hold', () => {
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      expect(summed(lines)).toEqual(defined(lines));
    }),
  );
});

test('neither the order of the rows, nor how they are cut into blocks or tasks, changes the sum', () => {
  const shuffled = fc
    .array(line, { minLength: 1 })
    .chain((lines) =>
      fc.tuple(
        fc.constant(lines),
        fc.shuffledSubarray(lines, { minLength: lines.length, maxLength: lines.length }),
        fc.nat(lines.length),
      ),
    );
  fc.assert(
    fc.property(shuffled, ([lines, other, cut]) => {
      const expected = summed(lines);
      expect(summed(other)).toEqual(expected);
      expect(summed(other.slice(0, cut), other.slice(cut))).toEqual(expected);
      expect(addSums([summed(other.slice(0, cut)), summed(other.slice(cut))])).toEqual(expected);
    }),
  );
});

test('a row more, less, changed or exchanged for another changes the sum', () => {
  const whole = summed(['a', 'b', 'b']);
  for (const other of [
    ['a', 'b'],
    ['a', 'b', 'b', 'b'],
    ['a', 'a', 'b'],
    ['a', 'b', 'c'],
    ['a', 'bb', ''],
  ]) {
    expect(summed(other)).not.toEqual(whole);
  }
});

test('carries are exact over more than a million rows in one block', () => {
  const lines = Array.from({ length: 2 ** 20 + 5 }, (_, index) => String(index));
  const half = 2 ** 19;
  expect(summed(lines)).toEqual(addSums([summed(lines.slice(0, half)), summed(lines.slice(half))]));
});

test('sums wrap at 2^128', () => {
  const most = { rows: 1, checksum: 'f'.repeat(32) };
  expect(addSums([most, { rows: 1, checksum: '1'.padStart(32, '0') }])).toEqual({
    rows: 2,
    checksum: '0'.repeat(32),
  });
  expect(addSums([])).toEqual({ rows: 0, checksum: '0'.repeat(32) });
});

test('text that does not end in a line feed is no rows', () => {
  expect(() => rowChecksum().add(Buffer.from('a\nb'))).toThrow(/line feed/);
});
