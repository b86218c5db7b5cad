import type { DrillPhase } from './results.ts';

/** Measures the phases of a drill on a clock that nobody sets back. */
export interface Stopwatch {
  /** Runs work as a phase, which counts also when it fails. */
  phase<T>(name: string, source: string | null, work: () => Promise<T>): Promise<T>;
  phases(): readonly DrillPhase[];
  /** Seconds since it was made. */
  seconds(): number;
}

export function stopwatch(): Stopwatch {
  const began = performance.now();
  const phases: DrillPhase[] = [];
  const seconds = (): number => (performance.now() - began) / 1000;
  return {
    phase: async (name, source, work) => {
      const startSeconds = seconds();
      try {
        return await work();
      } finally {
        phases.push({ name, source, startSeconds, seconds: seconds() - startSeconds });
      }
    },
    phases: () => phases,
    seconds,
  };
}
