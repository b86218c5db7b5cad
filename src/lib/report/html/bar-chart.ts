import { drawFigure } from './figure.ts';
import type { Markup } from './markup.ts';
import type { Tone } from './report.ts';

export interface Bar {
  readonly label: string;
  /** Not negative, finite. */
  readonly value: number;
  readonly tone?: Tone;
}

export interface BarChart {
  readonly title: string;
  readonly bars: readonly Bar[];
  /** A value with its unit. */
  readonly format: (value: number) => string;
}

/** Values side by side, in the order given, the longest as wide as the page. */
export function barChart({ title, bars, format }: BarChart): Markup {
  const largest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  return drawFigure({
    title,
    description:
      bars.length === 0
        ? 'There is nothing to show.'
        : `${bars.map(({ label, value }) => `${label}: ${format(value)}`).join('; ')}.`,
    bars: bars.map(({ label, value, tone = 'neutral' }) => ({
      label,
      value: format(value),
      from: 0,
      width: (value / largest) * 100,
      tone,
    })),
    axis: [],
  });
}
