const element = /"((?:[^"\\]|\\.)*)"|[^{},"]+/gs;

/** The elements of a one-dimensional array in PostgreSQL's text form (manual, "Array Input and Output Syntax"). */
export function arrayElementsOrNull(text: string): readonly (string | null)[] {
  const body = text.slice(Math.max(0, text.indexOf('{')));
  return Array.from(body.matchAll(element), ([whole, quoted]) => {
    if (quoted !== undefined) return quoted.replaceAll(/\\(.)/gs, '$1');
    return whole === 'NULL' ? null : whole;
  });
}

/** The other way round; every element in quotes. */
export function arrayText(elements: readonly (string | null)[]): string {
  const written = elements.map((value) =>
    value === null ? 'NULL' : `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`,
  );
  return `{${written.join(',')}}`;
}
