type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A step of a path: a member, an element, or all of them. */
type Step = string | number | typeof every;

const every: unique symbol = Symbol('every');

/**
 * Replaces what stands at a path of a JSON document.
 * @param path a JSONPath of members and elements: `$.a."b c"[*].d[0].*`
 * @param replace takes what is there; undefined leaves it
 * @returns the document; undefined where the path is of another kind, so that nobody knows what it would find
 */
export function replaceAt(
  text: string,
  path: string,
  replace: (value: string) => string | undefined,
): string | undefined {
  const steps = stepsOf(path);
  if (steps === undefined) return undefined;
  let changed = false;
  const visit = (value: Json, rest: readonly Step[]): Json => {
    const [step, ...further] = rest;
    if (step === undefined) {
      const replaced =
        value === null ? undefined : replace(typeof value === 'string' ? value : JSON.stringify(value));
      changed ||= replaced !== undefined;
      return replaced ?? value;
    }
    if (Array.isArray(value)) {
      // As in the lax mode of PostgreSQL, a member of a list is asked of each of its elements.
      if (typeof step === 'string') return value.map((item) => visit(item, rest));
      return value.map((item, index) => (step === every || step === index ? visit(item, further) : item));
    }
    if (typeof value !== 'object' || value === null)
      return step === every || step === 0 ? visit(value, further) : value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        step === every || step === key ? visit(item, further) : item,
      ]),
    );
  };
  const result = visit(JSON.parse(text) as Json, steps);
  return changed ? JSON.stringify(result) : text;
}

function stepsOf(path: string): readonly Step[] | undefined {
  const steps: Step[] = [];
  const token = /\.(?:"((?:[^"\\]|\\.)*)"|([\p{L}_$][\p{L}\p{N}_$]*)|(\*))|\[(?:(\*)|(\d+))\]/uy;
  token.lastIndex = /^\s*(?:lax\s+)?\$/.exec(path)?.[0].length ?? path.length + 1;
  while (token.lastIndex < path.length) {
    const match = token.exec(path);
    if (match === null) return undefined;
    const [, quoted, plain, member, element, index] = match;
    if (quoted !== undefined) steps.push(JSON.parse(`"${quoted}"`) as string);
    else if (plain !== undefined) steps.push(plain);
    else steps.push((member ?? element) === undefined ? Number(index) : every);
  }
  return token.lastIndex > path.length ? undefined : steps;
}
