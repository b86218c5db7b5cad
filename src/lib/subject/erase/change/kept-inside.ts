import type { Eraser } from './change-row.ts';
import type { ErasedField, ErasedPath } from './fields.ts';

/** What stays of a person in a column, and why. */
export interface KeptValue {
  readonly column: string;
  readonly reason: string;
}

/** Told of a value that has a pseudonym in its place: it can be told whose it is by who has the key. */
export const pseudonymNote = 'a pseudonym stands in its place, which is no erasure';

/**
 * What stays of a value that was changed: places of a document that the map keeps, and pseudonyms.
 * @param value as it was
 * @param isWhole whether all of the row is the person's
 * @param isChanged whether anything of it changed
 */
export function keptInside(
  { column, rule, paths }: ErasedField,
  value: string,
  {
    isWhole,
    isChanged,
    eraser,
  }: { readonly isWhole: boolean; readonly isChanged: boolean; readonly eraser: Eraser },
): readonly KeptValue[] {
  const reasons = paths.flatMap((path) => {
    const reason = reasonOf(path.rule);
    return reason !== undefined && standsAt(path, value, isWhole, eraser) ? [reason] : [];
  });
  if (isChanged && typeof rule === 'object' && 'pseudonymise' in rule) reasons.push(pseudonymNote);
  return [...new Set(reasons)].map((reason) => ({ column, reason }));
}

function reasonOf(rule: ErasedPath['rule']): string | undefined {
  if (rule === 'with-row') return 'it goes with its row, which stays';
  if (typeof rule !== 'object') return undefined;
  if ('pseudonymise' in rule) return pseudonymNote;
  return 'keep' in rule ? rule.keep : undefined;
}

/** Whether anything of the person stands at a place of a document: what names them, or whatever is there. */
function standsAt(
  { path, identity, parser }: ErasedPath,
  value: string,
  isWhole: boolean,
  { redactor }: Eraser,
): boolean {
  if (isWhole) return redactor.json(value, [{ path, erase: 'node' }]) !== undefined;
  if (identity === undefined) return false;
  const erase = parser === undefined ? ('node' as const) : { inside: parser };
  return redactor.json(value, [{ path, identity, erase }]) !== undefined;
}
