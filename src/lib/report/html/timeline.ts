import { formatDuration } from '../../base/duration.ts';
import { drawFigure } from './figure.ts';
import type { Markup } from './markup.ts';
import type { Tone } from './report.ts';

/** A part of a run. */
export interface Phase {
  readonly name: string;
  /** Milliseconds since the run began. */
  readonly start: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly tone?: Tone;
}

/** When each phase of a run began and how long it took, on one axis of time. */
export function timeline({
  title,
  phases,
}: {
  readonly title: string;
  readonly phases: readonly Phase[];
}): Markup {
  const end = Math.max(...phases.map(({ start, duration }) => start + duration), 1);
  return drawFigure({
    title,
    description: phases.length === 0 ? 'There is nothing to show.' : `${phases.map(describe).join('; ')}.`,
    bars: phases.map(({ name, start, duration, tone = 'neutral' }) => ({
      label: name,
      value: formatDuration(duration),
      from: (start / end) * 100,
      width: (duration / end) * 100,
      tone,
    })),
    axis: phases.length === 0 ? [] : [0, 1 / 2, 1].map((part) => formatDuration(part * end)),
  });
}

function describe({ name, start, duration }: Phase): string {
  return `${name}: began after ${formatDuration(start)}, took ${formatDuration(duration)}`;
}
