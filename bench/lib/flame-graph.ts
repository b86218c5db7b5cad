import { type Frame, functionOf, type StackTime } from './cpu-profile.ts';

/** A function under its callers, with all that it called. */
interface Flame {
  readonly frame: Frame | undefined;
  time: number;
  readonly calls: Map<string, Flame>;
}

const width = 1600;
const height = 17;

/** An SVG that needs nothing else: width is processor time of all threads, and a pointer shows the numbers. */
export function flameGraph(title: string, stacks: readonly StackTime[]): string {
  const root: Flame = { frame: undefined, time: 0, calls: new Map() };
  for (const stack of stacks) add(root, stack);
  const rows: string[] = [];
  const depth = draw(root, { x: 0, level: 0, total: root.time }, rows);
  const size = `${width}" height="${(depth + 2) * height}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" font-family="monospace" font-size="11">`,
    `<text x="4" y="12">${escaped(title)}: ${(root.time / 1e6).toFixed(2)} s of processor time</text>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

function add(root: Flame, { stack, time }: StackTime): void {
  root.time += time;
  let at = root;
  for (const frame of stack) {
    const key = functionOf(frame);
    const next = at.calls.get(key) ?? { frame, time: 0, calls: new Map<string, Flame>() };
    at.calls.set(key, next);
    next.time += time;
    at = next;
  }
}

/** Draws what is at least half a pixel wide; returns how deep it goes. */
function draw(
  { frame, time, calls }: Flame,
  { x, level, total }: { readonly x: number; readonly level: number; readonly total: number },
  rows: string[],
): number {
  const wide = (time / total) * width;
  if (wide < 0.5) return level;
  if (frame !== undefined) rows.push(box(frame, { x, y: level * height, wide, share: time / total }));
  let depth = level;
  let at = x;
  for (const call of [...calls.values()].sort((a, b) => b.time - a.time)) {
    depth = Math.max(depth, draw(call, { x: at, level: level + 1, total }, rows));
    at += (call.time / total) * width;
  }
  return depth;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly wide: number;
  readonly share: number;
}

function box(frame: Frame, { x, y, wide, share }: Box): string {
  const name = functionOf(frame);
  const shown = escaped(name.slice(0, Math.floor(wide / 6.7)));
  const hue = frame.url.includes('/dist/') ? 30 : frame.url.includes('/node_modules/') ? 200 : 90;
  return (
    `<g><title>${escaped(name)}: ${(share * 100).toFixed(2)} %</title>` +
    `<rect x="${x.toFixed(1)}" y="${y}" width="${wide.toFixed(1)}" height="${height - 1}" fill="hsl(${hue} 70% 70%)"/>` +
    `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${shown}</text></g>`
  );
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
