import { expect, test } from 'vitest';
import { fileError } from '../../src/lib/cloud/local/file-error.ts';

test.each([
  ['ENOSPC', 'store-full'],
  ['EDQUOT', 'store-full'],
  ['EACCES', 'store-refused'],
  ['EROFS', 'store-refused'],
  ['EPERM', 'store-no-hard-links'],
  ['EIO', 'store-unreachable'],
])('the system error %s is told as %s, with a hint', (code, expected) => {
  const error = fileError('file:///store', 'storing', Object.assign(new Error(code), { code }));
  expect(error).toMatchObject({
    name: 'PosternError',
    exitCode: 1,
    code: expected,
    hints: [expect.any(String)],
  });
});

test('what is not a system error is not dressed up as one', () => {
  const bug = new TypeError('undefined is not a function');
  expect(fileError('file:///store', 'storing', bug)).toBe(bug);
});
