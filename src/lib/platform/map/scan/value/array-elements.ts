const element = /"((?:[^"\\]|\\.)*)(?:"|$)|[^{},"]+/gs;

/** The elements of an array as PostgreSQL writes it, of any number of dimensions; of one that was cut off, those before. */
export function* arrayElements(text: string): Iterable<string> {
  // The bounds of an array that does not begin with 1 stand before it: [0:2]={…}.
  const body = text.slice(Math.max(0, text.indexOf('{')));
  for (const [whole, quoted] of body.matchAll(element)) {
    if (quoted !== undefined) yield quoted.replaceAll(/\\(.)/gs, '$1');
    else if (whole !== 'NULL') yield whole;
  }
}
