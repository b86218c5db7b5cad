import { usageError } from '../../base/error.ts';

/** How closely a set is looked at, in the words of `--level` and of the register. */
export type VerifyLevel = 'list' | 'head' | 'full' | `sample=${number}%`;

/** Levels that read contents: those can be stopped, gone on with, and kept below an egress cap. */
export function readsContents(level: VerifyLevel): boolean {
  return level !== 'list' && level !== 'head';
}

/** The percentage of a sample; undefined for the other levels. */
export function samplePercentage(level: VerifyLevel): number | undefined {
  const percentage = /^sample=(\d+(?:\.\d+)?)%$/.exec(level)?.[1];
  return percentage === undefined ? undefined : Number(percentage);
}

/** @throws {PosternError} exit 2, `level-unknown` */
export function parseLevel(text: string): VerifyLevel {
  if (text === 'list' || text === 'head' || text === 'full') return text;
  const percentage = samplePercentage(text as VerifyLevel);
  if (percentage !== undefined && percentage > 0 && percentage <= 100) return `sample=${percentage}%`;
  throw usageError(`${JSON.stringify(text)} is no level of verification`, {
    code: 'level-unknown',
    hints: ['it is list, head, full, or sample=5% with any percentage above 0 up to 100'],
  });
}
