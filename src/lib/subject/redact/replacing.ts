import { type Edit, edited, type Rewrite, rewrittenBy } from './edits.ts';
import { runEdits } from './encoded-runs.ts';
import type { AddressSet } from './name-set.ts';
import { inPhpStrings } from './php-strings.ts';
import { addressEdits } from './replace-addresses.ts';
import { inUtf16 } from './utf16.ts';

/** Whose addresses are replaced, and what by. */
export interface Replacing {
  readonly addresses: AddressSet;
  /** An address. */
  readonly placeholder: string;
  /** What stands in place of a name that has to be there. */
  readonly text: string;
  /** Whether the name beside an address goes with it. */
  readonly names: 'removed' | 'kept';
}

/** The addresses in a text, wherever they stand in it and however they are encoded there. */
export function replaced(replacing: Replacing, text: string): string | undefined {
  return rewrittenBy(text, [
    (content) => inPhpStrings(content, (inner) => replaced(replacing, inner)),
    (content) => inUtf16(content, (inner) => tokensReplaced(replacing, inner)),
    (content) => edited(content, replacements(replacing, content)),
  ]);
}

/** Only those that are written as characters. */
export const tokensReplaced = (replacing: Replacing, text: string): string | undefined =>
  edited(text, addressEdits(text, replacing));

/** The same as `replaced`, one by one, without UTF-16. */
export function replacements(replacing: Replacing, text: string): readonly Edit[] {
  const { addresses, placeholder } = replacing;
  if (addresses.isEmpty) return [];
  const inText: Rewrite = (content) =>
    rewrittenBy(content, [
      (encoded) => inPhpStrings(encoded, inText),
      (encoded) => tokensReplaced(replacing, encoded),
    ]);
  const tokens = addressEdits(text, replacing);
  const runs = runEdits(text, { inText, digests: addresses.digests, placeholder });
  if (runs.length === 0) return tokens;
  const sorted = [...tokens, ...runs].toSorted((a, b) => a.from - b.from);
  let end = 0;
  return sorted.filter(({ from, to }) => {
    if (from < end) return false;
    end = to;
    return true;
  });
}
