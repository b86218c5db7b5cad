import { expect, test } from 'vitest';
import { registerReport } from '../../../src/lib/key/register/report.ts';
import type { KeyRow, KeyStatusResult } from '../../../src/lib/key/register/results.ts';
import { type KeyFacts, keyRow, worstVerdict } from '../../../src/lib/key/register/row.ts';
import { renderReport } from '../../../src/lib/report/html/render.ts';
import { day } from './support.ts';

const now = new Date('2026-11-23T12:00:00Z');
const ago = (days: number): Date => new Date(now.getTime() - days * day);

const row = (own: Partial<KeyFacts> & { readonly name: string }): KeyRow =>
  keyRow(
    {
      id: `password:${own.name}`,
      kind: 'password',
      state: 'in use',
      cryptoperiod: 90 * day,
      atEnd: 'rotate',
      ...own,
    },
    { now, within: 30 * day },
  );

function page(keys: readonly KeyRow[], unasked: KeyStatusResult['unasked'] = []): Promise<string> {
  const status = {
    profile: 'production',
    verdict: worstVerdict(keys.map(({ verdict }) => verdict)),
    at: now.toISOString(),
    withinSeconds: 30 * 86_400,
    keys: [...keys],
    census: null,
    unasked,
  };
  return renderReport(registerReport(status, 'postern 0.1.0'));
}

test('an overdue key is on top, marked by a sign, hatched behind its end, and told as to be mended', async () => {
  const html = await page([
    row({ name: 'young', created: ago(5) }),
    row({ name: 'late', created: ago(100) }),
  ]);
  expect(html).toContain('1 key overdue.');
  expect(html).toContain('✗ ended 2026-11-13');
  expect(html).toContain('✓ until 2027-02-16');
  expect(html.indexOf('>late</text>')).toBeLessThan(html.indexOf('>young</text>'));
  expect(html.match(/class="overrun"/g)).toHaveLength(1);
  expect(html).toContain('What is to be mended');
});

test('where all is fine, nothing is to be mended, and a key without a date stands in the table alone', async () => {
  const html = await page([row({ name: 'young', created: ago(5) }), row({ name: 'undated' })]);
  expect(html).toContain('Every key is within its cryptoperiod.');
  expect(html).not.toContain('What is to be mended');
  expect(html).toContain('<span class="neutral">undated</span>');
  expect(html).not.toContain('>undated</text>');
});

test('what backups need and what could not be asked have a section each', async () => {
  const needed = [
    {
      why: '2 backup sets may hold what is under it',
      setId: '20261120T010000Z',
      until: '2026-12-25T01:00:00.000Z',
    },
  ];
  const html = await page(
    [row({ name: 'app', created: ago(70), needed })],
    [{ source: 'the key management service', reason: 'connection refused' }],
  );
  expect(html).toMatch(/What backups need[\s\S]*20261120T010000Z[\s\S]*2026-12-25/);
  expect(html).toMatch(/What could not be asked[\s\S]*connection refused/);
  expect(html).toContain('1 key will be due within 30 d.');
});

test('the page holds everything itself: no script, no link to elsewhere, names as text', async () => {
  const html = await page([row({ name: '"><img src=https://example.org/x>', created: ago(100) })]);
  expect(html).not.toMatch(/<(?:script|img|link|iframe)/);
  for (const tag of html.match(/<[^>]+>/g) ?? []) expect(tag).not.toMatch(/\b(?:src|href)=/);
});
