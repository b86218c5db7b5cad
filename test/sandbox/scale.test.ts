import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PosternError } from '../../src/lib/base/error.ts';
import { sandboxPaths } from '../../src/lib/sandbox/sandbox-paths.ts';
import { parseScale } from '../../src/lib/sandbox/scale.ts';

test.each([
  ['1k', 1_000],
  ['50K', 50_000],
  ['1.5M', 1_500_000],
  ['10m', 10_000_000],
  ['20000', 20_000],
])('%s is %i messages', (text, messages) => {
  expect(parseScale(text)).toBe(messages);
});

test.each(['', '0', '999', '11M', '1g', '-5k', '1e6', 'k', '1 000'])('%j is refused as a scale', (text) => {
  expect(() => parseScale(text)).toThrow(/is not a scale/);
});

test('whatever is given as a scale, the answer is a number in range or one clear error', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        expect(parseScale(text)).toBeGreaterThanOrEqual(1_000);
      } catch (error) {
        expect(error).toBeInstanceOf(PosternError);
      }
    }),
  );
});

test.each(['../x', 'A', '', '.', 'a/b', '-x', 'x'.repeat(64)])(
  '%j is refused as a name, so that no other folder is touched',
  (name) => {
    expect(() => sandboxPaths(name, { POSTERN_SANDBOX_HOME: '/tmp/x' })).toThrow(
      /cannot be a sandbox's name/,
    );
  },
);
