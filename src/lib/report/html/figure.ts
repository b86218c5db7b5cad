import { createHash } from 'node:crypto';
import { type Markup, markup } from './markup.ts';
import type { Tone } from './report.ts';

/** A horizontal bar with its label and its value above it; positions are percent of the width. */
export interface FigureBar {
  readonly label: string;
  readonly value: string;
  readonly from: number;
  readonly width: number;
  readonly tone: Tone;
  /** Percent that are hatched behind its end: what went on for too long. */
  readonly overrun?: number;
}

export interface Figure {
  readonly title: string;
  /** The whole figure in words, for those who do not see it. */
  readonly description: string;
  readonly bars: readonly FigureBar[];
  /** Labels of the axis, spread evenly from the left edge to the right one. */
  readonly axis: readonly string[];
  /** A line from top to bottom, in percent of the width, with what it means above it. */
  readonly now?: { readonly at: number; readonly label: string };
}

const rowHeight = 44;
const barHeight = 12;
/** Above the bars, for what a line means. */
const headHeight = 24;
/** More would run into the value on a narrow page; the description has the whole label. */
const longestLabel = 32;
/** Percent: what is next to nothing is still seen. */
const thinnest = 0.4;

/**
 * Rows of bars as an SVG without a view box: its width is that of the page, its text keeps its size, and at 400 px it
 * reads as well as on a wall.
 */
export function drawFigure({ title, description, bars, axis, now }: Figure): Markup {
  const id = `figure-${createHash('sha256').update(`${title}\0${description}`).digest('hex').slice(0, 12)}`;
  const head = now === undefined ? 0 : headHeight;
  const bottom = head + bars.length * rowHeight;
  const height = bottom + (axis.length > 0 ? 28 : 4);
  return markup`<figure><figcaption>${title}</figcaption><svg role="img" aria-labelledby="${id}-t ${id}-d" width="100%" height="${height}" xmlns="http://www.w3.org/2000/svg"><title id="${id}-t">${title}</title><desc id="${id}-d">${description}</desc>${hatching(id, bars)}${axis.map((_, index) => gridLine(index, axis.length, bottom))}${bars.map((bar, index) => drawBar(bar, head + index * rowHeight, id))}${nowLine(now, bottom)}${bars.map((bar, index) => drawTexts(bar, head + index * rowHeight))}${axis.map((label, index) => axisLabel(label, index, axis.length, bottom + 20))}</svg></figure>`;
}

function drawBar({ from, width, tone, overrun }: FigureBar, top: number, id: string): Markup {
  const seen = Math.min(100, Math.max(width, thinnest));
  const left = Math.min(from, 100 - seen);
  return markup`<rect class="track" x="0" y="${top + 23}" width="100%" height="${barHeight}" rx="3"/><rect class="bar ${tone}" x="${percent(left)}" y="${top + 23}" width="${percent(seen)}" height="${barHeight}" rx="3"/>${drawOverrun(left + seen, overrun, top, id)}`;
}

/** After all shapes, so that a line does not run through them. */
function drawTexts({ label, value }: FigureBar, top: number): Markup {
  return markup`<text class="label" x="0" y="${top + 16}">${shortened(label)}</text><text class="value" x="100%" y="${top + 16}" text-anchor="end">${value}</text>`;
}

function drawOverrun(from: number, width: number | undefined, top: number, id: string): Markup {
  if (width === undefined) return markup``;
  return markup`<rect class="overrun" x="${percent(from)}" y="${top + 23}" width="${percent(width)}" height="${barHeight}" fill="url(#${id}-h)"/>`;
}

/** Stripes, so that what went on for too long is told without its colour. */
function hatching(id: string, bars: readonly FigureBar[]): Markup {
  if (bars.every(({ overrun }) => overrun === undefined)) return markup``;
  return markup`<defs><pattern id="${id}-h" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="bar bad" width="3" height="6"/></pattern></defs>`;
}

function nowLine(now: Figure['now'], bottom: number): Markup {
  if (now === undefined) return markup``;
  const anchor = now.at < 15 ? 'start' : now.at > 85 ? 'end' : 'middle';
  const x = percent(now.at);
  return markup`<line class="now" x1="${x}" x2="${x}" y1="${headHeight - 4}" y2="${bottom}"/><text class="now" x="${x}" y="${headHeight - 10}" text-anchor="${anchor}">${now.label}</text>`;
}

function shortened(label: string): string {
  return label.length > longestLabel ? `${label.slice(0, longestLabel - 1).toWellFormed()}…` : label;
}

function gridLine(index: number, count: number, bottom: number): Markup {
  const x = percent(at(index, count));
  return markup`<line class="grid" x1="${x}" x2="${x}" y1="0" y2="${bottom}"/>`;
}

function axisLabel(label: string, index: number, count: number, y: number): Markup {
  const anchor = index === 0 ? 'start' : index === count - 1 ? 'end' : 'middle';
  return markup`<text class="axis" x="${percent(at(index, count))}" y="${y}" text-anchor="${anchor}">${label}</text>`;
}

function at(index: number, count: number): number {
  return count < 2 ? 0 : (index / (count - 1)) * 100;
}

function percent(value: number): string {
  return `${Number(value.toFixed(3))}%`;
}
