import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyTasks, rangeBytes } from '../../src/lib/backup/capture/copy-task.ts';
import type { CopyableTable } from '../../src/lib/platform/catalog/index.ts';

const page = 8192;

const table = (pages: number, toastPages = 0, oid = 1): CopyableTable => ({
  oid,
  schema: 'public',
  name: `t${oid}`,
  columns: ['id'],
  bytes: (pages + toastPages) * page,
  pages,
  rowSecurity: false,
  unlogged: false,
});

const tables = fc
  .array(fc.tuple(fc.nat(500), fc.nat(500)), { maxLength: 20 })
  .map((sizes) => sizes.map(([pages, toast], index) => table(pages, toast, index + 1)));

test('every block of every table is read by exactly one task', () => {
  fc.assert(
    fc.property(tables, fc.integer({ min: 1, max: 2 ** 26 }), (all, range) => {
      const tasks = copyTasks(all, 180_000, range);
      for (const index of all.keys()) {
        const ranges = tasks.filter(({ tableIndex }) => tableIndex === index).map(({ blocks }) => blocks);
        if (ranges.length === 1 && ranges[0] === undefined) continue;
        const sorted = ranges
          .map((blocks) => blocks ?? ([Number.NaN, null] as const))
          .toSorted((a, b) => a[0] - b[0]);
        expect(sorted[0]?.[0]).toBe(0);
        for (const [position, [, end]] of sorted.entries())
          expect(end).toBe(sorted[position + 1]?.[0] ?? null);
      }
    }),
  );
});

test('tasks are numbered from 1, heaviest first, and weigh what their tables hold', () => {
  fc.assert(
    fc.property(tables, fc.integer({ min: page, max: 2 ** 26 }), (all, range) => {
      const tasks = copyTasks(all, 180_000, range);
      expect(tasks.map(({ number }) => number)).toEqual(tasks.map((_, index) => index + 1));
      const weights = tasks.map(({ weight }) => weight);
      expect(weights).toEqual(weights.toSorted((a, b) => b - a));
      const total = all.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(total, 3);
    }),
  );
});

test('a table up to the range is one task; a larger one is cut, also when only its TOAST is large', () => {
  expect(copyTasks([table(100)], 180_000, 100 * page)).toHaveLength(1);
  expect(copyTasks([table(101)], 180_000, 100 * page)).toHaveLength(2);
  expect(copyTasks([table(10, 990)], 180_000, 100 * page)).toHaveLength(10);
  expect(copyTasks([table(1, 990)], 180_000, 100 * page)).toHaveLength(1);
});

test('before PostgreSQL 14 nothing is cut, since each range would read the whole table', () => {
  expect(copyTasks([table(1000)], 130_020, page)).toHaveLength(1);
});

test('a range is between 16 and 256 MiB, and smaller the more workers share the whole', () => {
  const gibibyte = table(2 ** 30 / page);
  expect(rangeBytes([table(1)], 2)).toBe(16 * 2 ** 20);
  expect(
    rangeBytes(
      Array.from({ length: 100 }, () => gibibyte),
      2,
    ),
  ).toBe(256 * 2 ** 20);
  expect(rangeBytes([gibibyte], 2)).toBe(64 * 2 ** 20);
  expect(rangeBytes([gibibyte], 4)).toBe(32 * 2 ** 20);
});
