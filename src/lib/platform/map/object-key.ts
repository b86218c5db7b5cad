/** An object key template in pieces: literal text, or the value of a column. */
export type ObjectKeyPart = { readonly text: string } | { readonly column: string };

/**
 * Takes `{tenant_id}/{id}.eml` apart; `{{` and `}}` stand for braces.
 * @returns undefined when a brace is left open, left over, or empty
 */
export function parseObjectKey(template: string): readonly ObjectKeyPart[] | undefined {
  const parts: ObjectKeyPart[] = [];
  const token = /\{\{|\}\}|\{([^{}]+)\}|[^{}]+/y;
  while (token.lastIndex < template.length) {
    const match = token.exec(template);
    if (match === null) return undefined;
    const [whole, column] = match;
    if (column !== undefined) parts.push({ column });
    else parts.push({ text: whole === '{{' ? '{' : whole === '}}' ? '}' : whole });
  }
  return parts;
}
