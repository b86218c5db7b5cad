import { expect, test } from 'vitest';
import { counted } from '../../src/lib/base/counted.ts';

test.each([
  [0, '0 tables'],
  [1, '1 table'],
  [2, '2 tables'],
  [12345, '12,345 tables'],
])('%i is said in words as %j', (count, text) => {
  expect(counted(count, 'table')).toBe(text);
});
