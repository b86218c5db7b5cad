/** Lets one piece of work go on while the next is prepared; its error comes with the next, or at the end. */
export interface OneBehind {
  /** Waits for the one before, and begins this one. */
  begin(work: () => Promise<void>): Promise<void>;
  /** Waits for the last one. */
  end(): Promise<void>;
}

export function oneBehind(): OneBehind {
  let last: Promise<void> = Promise.resolve();
  return {
    async begin(work) {
      await last;
      last = work();
      // Whoever waits is told; until then it is not an error that nobody has seen.
      last.catch(() => {});
    },
    end: () => last,
  };
}
