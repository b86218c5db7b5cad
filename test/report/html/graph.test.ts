import { describe, expect, test } from 'vitest';
import { type GraphEdge, graph } from '../../../src/lib/report/html/graph.ts';

const node = (id: string, notes: readonly string[] = []) =>
  ({ id, label: id, notes, tone: 'neutral' }) as const;
const draw = (ids: readonly string[], edges: readonly GraphEdge[]) =>
  graph({ title: 'a graph', description: 'of boxes', nodes: ids.map((id) => node(id)), edges }).markup;

/** Where the box of each label stands. */
function boxes(svg: string): ReadonlyMap<string, { readonly x: number; readonly y: number }> {
  const found = svg.matchAll(/<g><title>([^<]*)<\/title><rect class="node" x="([\d.]+)" y="([\d.]+)"/g);
  return new Map([...found].map(([, id = '', x, y]) => [id, { x: Number(x), y: Number(y) }]));
}

describe('a graph', () => {
  test('stands to the right of what it belongs to, however long the way', () => {
    const strong = (from: string, to: string) => ({ from, to, kind: 'strong' }) as const;
    const at = boxes(
      draw(
        ['leaf', 'root', 'mid', 'other'],
        [strong('leaf', 'mid'), strong('mid', 'root'), strong('leaf', 'root')],
      ),
    );
    const x = (id: string) => at.get(id)?.x ?? Number.NaN;
    expect(x('root')).toBe(x('other'));
    expect(x('mid')).toBeGreaterThan(x('root'));
    expect(x('leaf')).toBeGreaterThan(x('mid'));
  });

  test('is drawn also where edges go in a circle, lead to themselves, or nowhere', () => {
    const edges = ['a b', 'b c', 'c a', 'a a', 'a gone'].map((pair) => {
      const [from = '', to = ''] = pair.split(' ');
      return { from, to, kind: 'strong' } as const;
    });
    const svg = draw(['a', 'b', 'c'], edges);
    expect(boxes(svg).size).toBe(3);
    expect(svg.match(/<path/g)).toHaveLength(3);
  });

  test('has boxes that do not lie on each other', () => {
    const ids = Array.from({ length: 40 }, (_, index) => `t${index}`);
    const at = [
      ...boxes(
        draw(
          ids,
          ids.slice(1).map((from) => ({ from, to: 't0', kind: 'strong' })),
        ),
      ).values(),
    ];
    const column = at
      .filter(({ x }) => x === at[1]?.x)
      .map(({ y }) => y)
      .toSorted((a, b) => a - b);
    for (const [index, y] of column.entries())
      if (index > 0) expect(y - (column[index - 1] ?? 0)).toBeGreaterThan(26);
  });

  test('shows what a name is, whatever it is', () => {
    const svg = draw(['<b>&"x', 'long '.repeat(20)], []);
    expect(svg).toContain('&lt;b&gt;&amp;&quot;x');
    expect(svg).not.toContain('<b>');
    expect(svg).toContain('…');
  });
});
