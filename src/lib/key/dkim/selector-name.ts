import { refused } from '../../base/error.ts';
import type { DkimAlgorithm } from './key-pair.ts';

/**
 * A selector that was never used: the template filled in, with -2, -3… behind it where that is known already.
 * @param known every selector of the domain that the register ever had
 * @throws {PosternError} exit 6 `dkim-selectors-exhausted`
 */
export function newSelector(
  template: string,
  algorithm: DkimAlgorithm,
  now: Date,
  known: ReadonlySet<string>,
): string {
  const [year = '', month = '', day = ''] = now.toISOString().slice(0, 10).split('-');
  const values: Readonly<Record<string, string>> = {
    algorithm: algorithm.replace(/-.*/, ''),
    yyyy: year,
    mm: month,
    dd: day,
    yyyymm: `${year}${month}`,
  };
  const name = template.replaceAll(/\{(\w+)\}/g, (_, part: string) => values[part] ?? '');
  for (let number = 1; number <= 99; number += 1) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!known.has(candidate)) return candidate;
  }
  throw refused(`every selector from ${name} to ${name}-99 was used before`, {
    code: 'dkim-selectors-exhausted',
    hints: ['put {dd} into keys.dkim.domains.NAME.selector'],
  });
}
