import { createHash } from 'node:crypto';
import { type Markup, markup } from './markup.ts';
import type { Tone } from './report.ts';

/** A box of a graph. */
export interface GraphNode {
  readonly id: string;
  readonly label: string;
  /** A line each, below the label. */
  readonly notes: readonly string[];
  readonly tone: Tone;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** `strong`: `from` belongs to `to`, and stands to the right of it. `weak`: it refers to it, no more. */
  readonly kind: 'strong' | 'weak';
}

interface Place {
  readonly node: GraphNode;
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

const boxWidth = 180;
const lineHeight = 15;
const headHeight = 26;
const columnGap = 56;
const rowGap = 12;
/** As many characters as a box is wide. */
const longestText = 23;

/**
 * Boxes and the lines between them, as an SVG of its natural size: who belongs to nobody stands on the left, and
 * everything else to the right of what it belongs to. Strong edges must not go in a circle; one that does is ignored
 * for the layout.
 */
export function graph({
  title,
  description,
  nodes,
  edges,
}: {
  readonly title: string;
  readonly description: string;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}): Markup {
  const places = placed(nodes, edges);
  const at = new Map(places.map((place) => [place.node.id, place]));
  const width = Math.max(0, ...places.map(({ x }) => x + boxWidth)) + columnGap / 2;
  const height = Math.max(0, ...places.map(({ y, height: own }) => y + own)) + 4;
  const id = `graph-${createHash('sha256').update(`${title}\0${description}`).digest('hex').slice(0, 12)}`;
  const lines = edges.flatMap(({ from, to, kind }) => {
    const [source, target] = [at.get(from), at.get(to)];
    return source === undefined || target === undefined || source === target
      ? []
      : [markup`<path class="edge ${kind}" d="${curve(source, target)}"/>`];
  });
  return markup`<figure class="graph"><figcaption>${title}</figcaption><div><svg role="img" aria-labelledby="${id}-t ${id}-d" width="${width}" height="${height}" xmlns="http://www.w3.org/2000/svg"><title id="${id}-t">${title}</title><desc id="${id}-d">${description}</desc>${lines}${places.map(box)}</svg></div></figure>`;
}

function placed(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): readonly Place[] {
  const owners = Map.groupBy(
    edges.filter(({ kind, from, to }) => kind === 'strong' && from !== to),
    ({ from }) => from,
  );
  const depths = new Map<string, number>();
  const depthOf = (id: string, below: readonly string[]): number => {
    const known = depths.get(id);
    if (known !== undefined) return known;
    const above = (owners.get(id) ?? []).filter(
      ({ to }) => !below.includes(to) && nodes.some((node) => node.id === to),
    );
    const depth = Math.max(-1, ...above.map(({ to }) => depthOf(to, [...below, id]))) + 1;
    depths.set(id, depth);
    return depth;
  };
  const layers = Map.groupBy(nodes, ({ id }) => depthOf(id, []));
  const middles = new Map<string, number>();
  const places: Place[] = [];
  for (const depth of [...layers.keys()].toSorted((a, b) => a - b)) {
    // Near what it belongs to, so that lines cross less.
    const wish = ({ id }: GraphNode): number => {
      const above = (owners.get(id) ?? []).flatMap(({ to }) => middles.get(to) ?? []);
      return above.length === 0 ? 0 : above.reduce((sum, y) => sum + y, 0) / above.length;
    };
    let y = 2;
    for (const node of (layers.get(depth) ?? []).toSorted((a, b) => wish(a) - wish(b))) {
      const height = headHeight + node.notes.length * lineHeight + (node.notes.length > 0 ? 6 : 0);
      y = Math.max(y, Math.min(wish(node) - height / 2, y + 120));
      places.push({ node, x: 2 + depth * (boxWidth + columnGap), y, height });
      middles.set(node.id, y + height / 2);
      y += height + rowGap;
    }
  }
  return places;
}

/** From the left side of a box to the right side of what it refers to; where that is not to the left, around. */
function curve(source: Place, target: Place): string {
  const from = { x: source.x, y: source.y + Math.min(source.height / 2, 24) };
  const to = { x: target.x + boxWidth, y: target.y + Math.min(target.height / 2, 24) };
  if (to.x <= from.x) {
    const bend = Math.min(columnGap * 0.8, (from.x - to.x) / 2 + 10);
    return `M${from.x} ${from.y}C${from.x - bend} ${from.y} ${to.x + bend} ${to.y} ${to.x} ${to.y}`;
  }
  const right = source.x + boxWidth;
  const bend = columnGap / 2;
  return `M${right} ${from.y}C${right + bend} ${from.y} ${to.x + bend} ${to.y} ${to.x} ${to.y}`;
}

function box({ node, x, y, height }: Place): Markup {
  const lines = node.notes.map(
    (note, index) =>
      markup`<text class="note" x="${x + 12}" y="${y + headHeight + 9 + index * lineHeight}">${shortened(note)}</text>`,
  );
  return markup`<g><title>${node.label}</title><rect class="node" x="${x}" y="${y}" width="${boxWidth}" height="${height}" rx="6"/><rect class="bar ${node.tone}" x="${x}" y="${y}" width="5" height="${height}" rx="2"/><text class="label" x="${x + 12}" y="${y + 18}">${shortened(node.label)}</text>${lines}</g>`;
}

function shortened(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText - 1).toWellFormed()}…` : text;
}
