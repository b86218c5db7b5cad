import { expect, test } from 'vitest';
import { calendar, type Span } from '../../../src/lib/report/html/calendar.ts';
import { timeline } from '../../../src/lib/report/html/timeline.ts';

const date = (text: string): Date => new Date(`${text}T00:00:00Z`);

const span = (own: Partial<Span>): Span => ({
  name: 'a key',
  from: date('2026-01-01'),
  to: date('2027-01-01'),
  note: 'until 2027-01-01',
  tone: 'good',
  ...own,
});

const draw = (spans: readonly Span[], now = date('2026-07-02')): string =>
  calendar({ title: 'Keys', spans, now }).markup;

test('a bar lies between its days, on one axis with a line for today', () => {
  const drawn = draw([span({}), span({ from: date('2025-01-01'), to: date('2026-01-01') })]);
  expect(drawn).toContain('<rect class="bar good" x="50%" y="47" width="50%"');
  expect(drawn).toContain('<rect class="bar good" x="0%" y="91" width="50%"');
  expect(drawn).toMatch(/<line class="now" x1="74\.93\d*%"/);
  expect(drawn).toContain('today, 2026-07-02');
  expect(drawn).toContain('>2025-01</text>');
  expect(drawn).not.toContain('<pattern');
});

test('what went on after its end is hatched up to today, and nothing else is', () => {
  const late = span({ from: date('2025-07-02'), to: date('2026-01-01'), overrun: true, tone: 'bad' });
  const drawn = draw([late, span({ overrun: true })]);
  const [, id] = /fill="url\(#([^)]+)\)"/.exec(drawn) ?? [];
  expect(drawn).toContain(`<pattern id="${id}"`);
  expect(drawn.match(/class="overrun"/g)).toHaveLength(1);
});

test('it is told in words, hostile names are text, and nothing to show is no picture', () => {
  const drawn = draw([span({ name: '<script>alert(1)</script>' })]);
  expect(drawn).toContain('from 2026-01-01 to 2027-01-01, until 2027-01-01');
  expect(drawn).not.toContain('<script');
  expect(draw([])).toContain('There is nothing to show.');
  expect(draw([])).not.toContain('class="now"');
  expect(draw([span({ from: date('2026-07-02'), to: date('2026-07-02') })])).not.toContain('NaN');
});

test('figures without a today are drawn as before', () => {
  const { markup } = timeline({ title: 'Phases', phases: [{ name: 'one', start: 0, duration: 5 }] });
  expect(markup).not.toMatch(/class="now"|<pattern|overrun/);
  expect(markup).toContain('y="23"');
});
