import type { SubjectResidueResult } from './results.ts';

/** What was found counts more than what could not be looked at. */
export function verdictOf(
  found: SubjectResidueResult['found'],
  unasked: SubjectResidueResult['unasked'],
): SubjectResidueResult['verdict'] {
  if (found.length > 0) return 'residue';
  return unasked.length > 0 ? 'unknown' : 'none';
}
