import { usageError } from '../../base/error.ts';
import type { KnownValues } from '../identity/spots.ts';

/** Shorter names are in words that have nothing to do with the person. */
const shortestName = 4;

/**
 * Makes sure that a text which is kept for ever names nobody.
 * @throws {PosternError} exit 2, `text-names-person`
 */
export function requireNameless(texts: readonly string[], known: KnownValues): void {
  const names = [...known.values()]
    .flatMap((values) => [...values])
    .map((name) => name.trim().toLowerCase())
    .filter(({ length }) => length >= shortestName);
  const all = texts.join('\n').toLowerCase();
  if (!names.some((name) => all.includes(name))) return;
  throw usageError('what is to be kept for ever names the person', {
    code: 'text-names-person',
    hints: ['name the case or the request by its reference, and nobody in the reason'],
  });
}
