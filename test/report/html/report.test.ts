import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barChart } from '../../../src/lib/report/html/bar-chart.ts';
import { escapeText, markup } from '../../../src/lib/report/html/markup.ts';
import { renderReport } from '../../../src/lib/report/html/render.ts';
import type { Report } from '../../../src/lib/report/html/report.ts';
import { tableOf } from '../../../src/lib/report/html/table.ts';
import { timeline } from '../../../src/lib/report/html/timeline.ts';

/** A report in which every string is the same. */
function full(text: string): Report {
  return {
    title: text,
    subtitle: text,
    verdict: { tone: 'bad', headline: text, text },
    tiles: [{ label: text, value: text, note: text, tone: 'warning' }],
    sections: [
      {
        title: text,
        blocks: [
          { kind: 'text', text },
          { kind: 'facts', facts: [{ label: text, value: { text, style: 'code', tone: 'good' } }] },
          {
            kind: 'table',
            table: tableOf(
              [text],
              [{ header: text, cell: (row) => row, order: [(row) => row, 'ascending'] }],
              text,
            ),
          },
          { kind: 'table', table: tableOf([], [], text) },
          {
            kind: 'figure',
            figure: barChart({ title: text, bars: [{ label: text, value: 1 }], format: () => text }),
          },
          {
            kind: 'figure',
            figure: timeline({ title: text, phases: [{ name: text, start: 0, duration: 1 }] }),
          },
        ],
      },
    ],
    madeAt: new Date('2026-03-01T02:03:04.567Z'),
    madeBy: text,
  };
}

/** The tags of a page, without their text: what a browser would build. */
function skeleton(page: string): string {
  return page
    .replace(/content="[^"]*"/g, '')
    .replace(/(?:aria-label|data-label)="[^"]*"/g, '')
    .replaceAll(/figure-[0-9a-f]{12}/g, 'figure')
    .replaceAll(/>[^<]*</g, '><');
}

describe('a report', () => {
  it('is one page that holds its verdict, its figures, its sections, and when it was made', async () => {
    const page = await renderReport(full('word'));
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(page).toContain('<title>word: word</title>');
    expect(page).toContain('<p class="headline">word</p>');
    expect(page).toContain('Made by word at 2026-03-01 02:03:04 UTC');
    expect(page.match(/<svg /g)).toHaveLength(2);
    expect(page.match(/<table /g)).toHaveLength(1);
    expect(page).toContain('<p class="empty">word</p>');
    expect(page).toContain('<th scope="col" class="left" aria-sort="ascending">word</th>');
  });

  it('leaves out what is not there', async () => {
    const page = await renderReport({
      title: 'title',
      verdict: { tone: 'neutral', headline: 'nothing' },
      sections: [],
      madeAt: new Date(0),
      madeBy: 'x',
    });
    expect(page).toContain('<title>title</title>');
    expect(page).not.toMatch(/undefined|class="tiles"|<h2/);
  });

  it('has nothing that runs and fetches nothing; its policy allows its own style sheet only', async () => {
    const page = await renderReport(full('word'));
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\son\w+=|\sstyle=|\shref=|\ssrc=|url\(|@import/i);
    const style = /<style>(.*?)<\/style>/s.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(page).toContain(
      `default-src &#39;none&#39;; style-src &#39;sha256-${hash}&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;`,
    );
  });

  it.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onload='alert(1)",
    '</title></style></svg><script>',
    '<%= 1 + 1 %><%~ it.style %>',
    '&lt;b&gt;',
    ']]><!--',
    '${1}',
    '\u0000\u001b[31m',
  ])('has the same tags whatever its strings hold: %j', async (text) => {
    expect(skeleton(await renderReport(full(text)))).toBe(skeleton(await renderReport(full('word'))));
  });

  it('has the same tags whatever its strings hold', async () => {
    const expected = skeleton(await renderReport(full('word')));
    const hostile = fc.string({
      unit: fc.constantFrom(
        '<',
        '>',
        '"',
        "'",
        '&',
        '%',
        '=',
        '~',
        '`',
        '$',
        '{',
        'a',
        '/',
        '\n',
        ' ',
        '\u202e',
      ),
      minLength: 1,
    });
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        expect(skeleton(await renderReport(full(text)))).toBe(expected);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a text', () => {
  it.each([
    ['a<b>&"\'', 'a&lt;b&gt;&amp;&quot;&#39;'],
    ['one\ntwo', 'one\ntwo'],
    ['a\u202eb', 'a\\u{202e}b'],
    ['\u0007\u2066', '\\u{7}\\u{2066}'],
    ['\ud800', '\ufffd'],
    [7, '7'],
  ])('%j is escaped, and what steers instead of being seen is shown', (text, expected) => {
    expect(escapeText(text)).toBe(expected);
  });

  it('is escaped once in a template, and markup in it not again', () => {
    const inner = markup`<b>${'<'}</b>`;
    expect(markup`<p title="${'"'}">${inner}${[inner, inner]}${1}</p>`.markup).toBe(
      '<p title="&quot;"><b>&lt;</b><b>&lt;</b><b>&lt;</b>1</p>',
    );
  });
});

describe('a table', () => {
  const rows = ['b10', 'b9', 'a'];
  const order = (direction: 'ascending' | 'descending') =>
    tableOf(rows, [{ header: 'name', cell: (row) => row, order: [(row) => row, direction] }], 'none');

  it('is sorted by the column that says so, numbers in names by their value', () => {
    expect(order('ascending').rows).toEqual([['a'], ['b9'], ['b10']]);
    expect(order('descending').rows).toEqual([['b10'], ['b9'], ['a']]);
    expect(order('descending').columns[0]).toEqual({ header: 'name', align: 'left', sorted: 'descending' });
  });

  it('without such a column keeps the order that it was given', () => {
    expect(tableOf(rows, [{ header: 'name', cell: (row) => row }], 'none').rows.flat()).toEqual(rows);
  });
});

describe('a figure', () => {
  const bars = (svg: string): readonly string[] =>
    [...svg.matchAll(/class="bar (\w+)" x="([\d.]+%)" y="\d+" width="([\d.]+%)"/g)].map((found) =>
      found.slice(1).join(' '),
    );

  it('of values shows them beside the largest, and says them in words', () => {
    const { markup: svg } = barChart({
      title: 'Sizes',
      bars: [
        { label: 'a', value: 4 },
        { label: 'b', value: 1, tone: 'bad' },
        { label: 'c', value: 0 },
      ],
      format: (value) => `${value} MB`,
    });
    expect(bars(svg)).toEqual(['neutral 0% 100%', 'bad 0% 25%', 'neutral 0% 0.4%']);
    expect(svg).toMatch(/role="img" aria-labelledby="(figure-\w+)-t \1-d"/);
    expect(svg).toMatch(
      /<title id="figure-\w+-t">Sizes<\/title><desc id="[^"]+">a: 4 MB; b: 1 MB; c: 0 MB\.</,
    );
  });

  it('of phases puts each where it was in time, and says it in words', () => {
    const { markup: svg } = timeline({
      title: 'Phases',
      phases: [
        { name: 'first', start: 0, duration: 30_000 },
        { name: 'second', start: 30_000, duration: 90_000 },
        { name: 'last, too short to be seen', start: 120_000, duration: 1 },
      ],
    });
    expect(bars(svg)).toEqual(['neutral 0% 25%', 'neutral 25% 74.999%', 'neutral 99.6% 0.4%']);
    expect(svg).toContain('second: began after 30 s, took 1 min 30 s;');
    expect([...svg.matchAll(/class="axis"[^>]*>([^<]*)/g)].map(([, label]) => label)).toEqual([
      '0 s',
      '1 min',
      '2 min',
    ]);
  });

  it('of nothing says so', () => {
    for (const { markup: svg } of [
      barChart({ title: 'x', bars: [], format: String }),
      timeline({ title: 'x', phases: [] }),
    ]) {
      expect(svg).toContain('There is nothing to show.');
      expect(svg).not.toMatch(/NaN|Infinity/);
    }
  });

  it('shortens a label that would run into its value, and keeps it whole in its description', () => {
    const label = 'x'.repeat(80);
    const { markup: svg } = barChart({ title: 't', bars: [{ label, value: 1 }], format: String });
    expect(svg).toContain(`>${'x'.repeat(31)}…</text>`);
    expect(svg).toContain(`${label}: 1.`);
  });
});
