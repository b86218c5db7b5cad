import { assert, integer, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/lib/base/duration.ts';

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];

describe('a duration', () => {
  it.each([
    ['8d', 8 * day],
    ['36h', 36 * hour],
    ['90m', 90 * minute],
    ['90 min', 90 * minute],
    ['45s', 45 * second],
    ['2w', 14 * day],
    ['1d12h', 36 * hour],
    [' 1 h 30 min ', 90 * minute],
    ['P30D', 30 * day],
    ['P2W', 14 * day],
    ['PT12H', 12 * hour],
    ['PT90M', 90 * minute],
    ['P1DT1H1M1S', day + hour + minute + second],
  ])('%s is read', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each([
    ['', 'nothing'],
    ['8', 'no unit'],
    ['d', 'no number'],
    ['0d', 'no time at all'],
    ['P0D', 'no time at all'],
    ['-1d', 'negative'],
    ['1.5h', 'a fraction'],
    ['1h1d', 'out of order'],
    ['1d1d', 'twice the same unit'],
    ['1y', 'a year, which has no fixed length'],
    ['6M', 'a month, which has no fixed length'],
    ['P1M', 'a month, which has no fixed length'],
    ['P1Y', 'a year, which has no fixed length'],
    ['P', 'no part'],
    ['P1DT', 'no time after the T'],
    ['P1W1D', 'weeks and days, which ISO 8601 keeps apart'],
    ['365251d', 'longer than a thousand years'],
    [`${'9'.repeat(400)}d`, 'infinite'],
    ['8 days', 'a word'],
  ])('%s is not read: %s', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('is positive and finite, or not read, whatever the text', () => {
    assert(
      property(string(), (text) => {
        const parsed = parseDuration(text);
        return parsed === undefined || (parsed > 0 && Number.isSafeInteger(parsed));
      }),
    );
  });

  it.each([
    [8 * day, '8 d'],
    [90 * minute, '1 h 30 min'],
    [45 * second, '45 s'],
    [day + minute, '1 d'],
    [day + 23 * hour + 59 * minute, '2 d'],
    [59_999, '1 min'],
    [59_400, '59 s'],
    [3_599_999, '1 h'],
    [420, '420 ms'],
    [0, '0 s'],
    [0.2, '0 s'],
    [-90 * minute, '-1 h 30 min'],
  ])('of %d ms is shown as %s', (milliseconds, expected) => {
    expect(formatDuration(milliseconds)).toBe(expected);
  });

  it('of whole seconds under an hour is read back from what is shown', () => {
    assert(
      property(
        integer({ min: 1, max: 3599 }),
        (seconds) => parseDuration(formatDuration(seconds * second)) === seconds * second,
      ),
    );
  });
});
