import { array, assert, date, nat, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import { type KeepRules, keepsAnything, keptByRules } from '../../src/lib/backup/prune/rules.ts';

const none: KeepRules = { last: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };

const sets = (...days: readonly string[]) =>
  days.map((at) => ({ setId: at, startedAt: new Date(at.length === 10 ? `${at}T02:00:00Z` : at) }));

const kept = (keep: Partial<KeepRules>, ...days: readonly string[]) =>
  Object.fromEntries(keptByRules(sets(...days), { ...none, ...keep }));

test('keep-last keeps the newest sets, whatever order they come in', () => {
  expect(kept({ last: 2 }, '2026-03-01', '2026-03-15', '2026-03-08')).toEqual({
    '2026-03-15': ['one of the last'],
    '2026-03-08': ['one of the last'],
  });
});

test('of several sets of one span, the newest is kept', () => {
  const newest = ['the newest of its day'];
  const days = [
    '2026-03-01T01:00:00Z',
    '2026-03-01T23:59:59Z',
    '2026-03-02T00:00:00Z',
    '2026-02-01T00:00:00Z',
  ];
  expect(kept({ daily: 2 }, ...days)).toEqual({
    '2026-03-02T00:00:00Z': newest,
    '2026-03-01T23:59:59Z': newest,
  });
});

test('weeks begin on Monday and go on over the new year', () => {
  // 2025-12-29 to 2026-01-04 is the first week of 2026.
  expect(Object.keys(kept({ weekly: 2 }, '2025-12-21', '2025-12-28', '2025-12-29', '2026-01-04'))).toEqual([
    '2026-01-04',
    '2025-12-28',
  ]);
});

test('a set is kept for every reason that there is', () => {
  expect(kept({ last: 1, monthly: 2, yearly: 1 }, '2026-01-10', '2026-02-10', '2026-03-10')).toEqual({
    '2026-03-10': ['one of the last', 'the newest of its month', 'the newest of its year'],
    '2026-02-10': ['the newest of its month'],
  });
});

test('a rule with places left keeps the oldest set too, so that the history grows to its full length', () => {
  expect(kept({ monthly: 3 }, '2026-03-01', '2026-03-08', '2026-03-15')).toEqual({
    '2026-03-15': ['the newest of its month'],
    '2026-03-01': ['the oldest, as the monthly rule has places left'],
  });
  expect(Object.keys(kept({ monthly: 1 }, '2026-03-01', '2026-03-08', '2026-03-15'))).toEqual(['2026-03-15']);
});

test('a rule of 0 keeps nothing, and neither do all of them together', () => {
  expect(kept({}, '2026-03-01')).toEqual({});
  expect(keepsAnything(none)).toBe(false);
  expect(keepsAnything({ ...none, yearly: 1 })).toBe(true);
});

test('no rules keep more than their places, or drop the newest set', () => {
  const number = nat({ max: 6 });
  const keeps = record({ last: number, daily: number, weekly: number, monthly: number, yearly: number });
  const moments = array(date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }), {
    maxLength: 40,
  });
  assert(
    property(moments, keeps, (times, keep) => {
      const all = times.map((startedAt, index) => ({ setId: `${index}`, startedAt }));
      const found = keptByRules(all, keep);
      expect(found.size).toBeLessThanOrEqual(Object.values(keep).reduce((sum, places) => sum + places, 0));
      const newest = Math.max(...times.map((time) => time.getTime()));
      if (all.length > 0 && keepsAnything(keep))
        expect(all.some(({ setId, startedAt }) => startedAt.getTime() === newest && found.has(setId))).toBe(
          true,
        );
    }),
  );
});
