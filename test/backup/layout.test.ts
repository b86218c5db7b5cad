import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  dataPartName,
  isSetId,
  largeObjectPartName,
  newSetId,
  scriptPath,
} from '../../src/lib/backup/format/layout.ts';

const bytes = (name: string) => Buffer.from(name);
const inByteOrder = (names: readonly string[]) =>
  names.toSorted((a, b) => Buffer.compare(bytes(a), bytes(b)));

test('the byte order of the names is the order of a restore', () => {
  const order = [
    scriptPath('platform', 'create-database'),
    scriptPath('platform', 'roles'),
    scriptPath('platform', 'pre-data'),
    dataPartName('platform', 1, 1),
    dataPartName('platform', 1, 2),
    dataPartName('platform', 1, 10),
    dataPartName('platform', 2, 1),
    dataPartName('platform', 999_999, 99_999),
    largeObjectPartName('platform', 1),
    largeObjectPartName('platform', 10),
    scriptPath('platform', 'sequences'),
    scriptPath('platform', 'post-data'),
    scriptPath('platform', 'database-settings'),
    scriptPath('platform', 'check'),
  ];
  expect(inByteOrder(order)).toEqual(order);
});

test('parts sort by task, then by part', () => {
  const number = fc.tuple(fc.integer({ min: 1, max: 999_999 }), fc.integer({ min: 1, max: 99_999 }));
  fc.assert(
    fc.property(number, number, ([taskA, partA], [taskB, partB]) => {
      const compared = Buffer.compare(
        bytes(dataPartName('platform', taskA, partA)),
        bytes(dataPartName('platform', taskB, partB)),
      );
      expect(compared).toBe(Math.sign(taskA - taskB || partA - partB));
    }),
  );
});

test('ids of sets sort by time, and are recognised', () => {
  const moment = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
  fc.assert(
    fc.property(moment, moment, (a, b) => {
      const [first, second] = [newSetId(a, '00000000'), newSetId(b, '00000000')];
      expect(isSetId(first)).toBe(true);
      const seconds = (date: Date) => Math.floor(date.getTime() / 1000);
      expect(Buffer.compare(bytes(first), bytes(second))).toBe(Math.sign(seconds(a) - seconds(b)));
    }),
  );
});

test('what is no id of a set is not taken for one', () => {
  const id = newSetId(new Date('2026-03-01T02:00:00Z'), '9f2c41d0');
  expect(id).toBe('20260301T020000Z-9f2c41d0');
  for (const text of [
    '',
    `${id} `,
    `${id}/`,
    `${id}\n`,
    `../${id}`,
    id.toUpperCase(),
    id.slice(1),
    `${id}0`,
    'latest',
  ]) {
    expect(isSetId(text), text).toBe(false);
  }
});
