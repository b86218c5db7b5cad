/**
 * How a long job tells a person what it is doing. The terminal's implementation writes to stderr; without a
 * terminal, and in tests, it is silent.
 */
export interface Progress {
  /** Starts a named step; `total` is in `unit`s where it is known beforehand. */
  step(
    title: string,
    options?: { readonly total?: number; readonly unit?: 'bytes' | 'rows' | 'objects' },
  ): ProgressStep;
  /** One line for `--verbose`. */
  detail(line: string): void;
  /** One line that a person must see even with `--quiet`; it is also kept among the envelope's warnings. */
  warn(line: string): void;
}

export interface ProgressStep {
  /** Adds to what is done so far. */
  advance(amount: number): void;
  /** Ends the step; `summary` replaces the count. */
  done(summary?: string): void;
  fail(reason: string): void;
}

const silentStep: ProgressStep = { advance: () => {}, done: () => {}, fail: () => {} };

export const silentProgress: Progress = { step: () => silentStep, detail: () => {}, warn: () => {} };
