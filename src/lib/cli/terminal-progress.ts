import { formatByteSize } from '../base/byte-size.ts';
import type { Progress, ProgressStep } from '../base/progress.ts';

export interface TerminalProgressOptions {
  /** A person watches stderr: show a spinner. Otherwise steps are silent. */
  readonly isInteractive: boolean;
  readonly isVerbose: boolean;
  readonly write: (line: string) => void;
  readonly onWarning: (line: string) => void;
}

/** Progress on stderr, by oclif's own spinner; the result on stdout is never mixed with it. */
export async function terminalProgress(options: TerminalProgressOptions): Promise<Progress> {
  const action = options.isInteractive ? (await import('@oclif/core')).ux.action : undefined;
  return {
    step: (title, { total, unit } = {}) => {
      let sum = 0;
      let shown = 0;
      action?.start(title);
      const end = (word: string): void => {
        action?.stop(word);
        if (action === undefined && options.isVerbose) options.write(`${title}: ${word}`);
      };
      const step: ProgressStep = {
        advance: (amount) => {
          sum += amount;
          const now = performance.now();
          if (action === undefined || now - shown < 100) return;
          shown = now;
          action.status =
            total === undefined
              ? amountText(sum, unit)
              : `${amountText(sum, unit)} of ${amountText(total, unit)}`;
        },
        done: (summary) => end(summary ?? (sum > 0 ? amountText(sum, unit) : 'done')),
        fail: (reason) => end(`failed: ${reason}`),
      };
      return step;
    },
    detail: (line) => {
      if (options.isVerbose) options.write(line);
    },
    warn: options.onWarning,
  };
}

function amountText(amount: number, unit: 'bytes' | 'rows' | 'objects' = 'objects'): string {
  return unit === 'bytes' ? formatByteSize(amount) : `${amount.toLocaleString('en')} ${unit}`;
}
