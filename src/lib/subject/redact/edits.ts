/** What stands in place of a part of a text from now on. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** @param edits from left to right, none over another; @returns undefined for none */
export function edited(text: string, edits: readonly Edit[]): string | undefined {
  if (edits.length === 0) return undefined;
  const pieces: string[] = [];
  let at = 0;
  for (const edit of edits) {
    pieces.push(text.slice(at, edit.from), edit.text);
    at = edit.to;
  }
  return pieces.join('') + text.slice(at);
}

/** A text with something replaced in it; undefined where it stays as it is. */
export type Rewrite = (text: string) => string | undefined;

/** One rewriting after the other; undefined where none changed anything. */
export function rewrittenBy(text: string, rewrites: readonly Rewrite[]): string | undefined {
  let result: string | undefined;
  for (const rewrite of rewrites) result = rewrite(result ?? text) ?? result;
  return result;
}
