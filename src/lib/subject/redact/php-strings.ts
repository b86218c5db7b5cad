import { type Edit, edited, type Rewrite } from './edits.ts';

/** Where a string of PHP's `serialize()` may begin: at the start of a value, an element, a property or a session's entry. */
const start = /(?<![\w"])s:(\d{1,9}):"/g;

/**
 * Rewrites the strings of values that PHP serialised (`s:15:"ann@example.org";`), whose length in bytes stands before
 * them: it is written anew, else nothing of the value could be read again. Strings may hold such values themselves.
 * @param text bytes (latin1)
 * @returns undefined where nothing in such a string changes
 */
export function inPhpStrings(text: string, rewrite: Rewrite): string | undefined {
  if (!text.includes(':"')) return undefined;
  const edits: Edit[] = [];
  let end = 0;
  for (const match of text.matchAll(start)) {
    const from = match.index + match[0].length;
    const to = from + Number(match[1]);
    // What stands within a string is its own affair; what has another length only looks like one.
    if (match.index < end || !text.startsWith('";', to)) continue;
    end = to + 2;
    const rewritten = rewrite(text.slice(from, to));
    if (rewritten !== undefined)
      edits.push({ from: match.index, to: end, text: `s:${rewritten.length}:"${rewritten}";` });
  }
  return edited(text, edits);
}
