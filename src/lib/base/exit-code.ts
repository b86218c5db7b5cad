/**
 * Every exit code that postern uses: the contract with scripts, cron and runbooks.
 * A code never changes its meaning; a new meaning gets a new number.
 */
export const ExitCode = {
  done: 0,
  failure: 1,
  usage: 2,
  findings: 3,
  incomplete: 4,
  integrity: 5,
  refused: 6,
  partial: 7,
  locked: 11,
  interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** What each code tells, in the words of the help texts. */
export const exitCodeMeaning: Readonly<Record<ExitCode, string>> = {
  0: 'done, nothing to report',
  1: 'failure',
  2: 'usage or configuration',
  3: 'findings: overdue, drift, stale, residue',
  4: 'incomplete: something could not be looked at',
  5: 'integrity: tampered, corrupt, signature',
  6: 'refused: no approval, stale plan, hold, wrong target',
  7: 'partial, run again to resume',
  11: 'another run holds the lock',
  130: 'interrupted',
};
