import { drawFigure, type FigureBar } from './figure.ts';
import type { Markup } from './markup.ts';
import type { Tone } from './report.ts';

/** Something that lasts from one day to another. */
export interface Span {
  readonly name: string;
  readonly from: Date;
  /** When it ends or should have ended. */
  readonly to: Date;
  /** What is said of it beside its bar: `✗ ended on 2026-05-01`. */
  readonly note: string;
  readonly tone: Tone;
  /** It went on after its end: the time since then is hatched. */
  readonly overrun?: boolean;
}

/** Spans of days on one axis of time, in the order given, with a line for today. */
export function calendar({
  title,
  spans,
  now,
}: {
  readonly title: string;
  readonly spans: readonly Span[];
  readonly now: Date;
}): Markup {
  const times = [now, ...spans.flatMap(({ from, to }) => [from, to])].map((time) => time.getTime());
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const position = (time: Date): number =>
    last === first ? 0 : ((time.getTime() - first) / (last - first)) * 100;
  return drawFigure({
    title,
    description: spans.length === 0 ? 'There is nothing to show.' : `${spans.map(describe).join('; ')}.`,
    bars: spans.map(({ name, from, to, note, tone, overrun = false }): FigureBar => {
      const until = position(to);
      return {
        label: name,
        value: note,
        from: position(from),
        width: until - position(from),
        tone,
        ...(overrun && now > to ? { overrun: position(now) - until } : {}),
      };
    }),
    axis:
      spans.length === 0
        ? []
        : [0, 1 / 4, 1 / 2, 3 / 4, 1].map((part) => month(first + part * (last - first))),
    ...(spans.length === 0 ? {} : { now: { at: position(now), label: `today, ${day(now)}` } }),
  });
}

function describe({ name, from, to, note }: Span): string {
  return `${name}: from ${day(from)} to ${day(to)}, ${note}`;
}

const day = (time: Date): string => time.toISOString().slice(0, 10);
const month = (time: number): string => new Date(time).toISOString().slice(0, 7);
