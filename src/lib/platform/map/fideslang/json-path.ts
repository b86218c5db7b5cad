/** A step of a JSONPath: the name of a member, or any element of an array. */
export type Step = string | typeof anyElement;
export const anyElement = Symbol('[*]');

/**
 * The steps of `$.rcpt[*].addr`, `$["odd name"]`.
 * @returns undefined for a path with more in it: `.*`, a number, a filter
 */
export function parseSimplePath(path: string): readonly Step[] | undefined {
  const steps: Step[] = [];
  const token = /\[\*\]|\.([A-Za-z_][A-Za-z0-9_]*)|(?:\.|\[)("(?:[^"\\]|\\.)*")\]?/y;
  token.lastIndex = 1;
  while (token.lastIndex < path.length) {
    const match = token.exec(path);
    if (match === null) return undefined;
    const [whole, plain, quoted] = match;
    if (whole === '[*]') steps.push(anyElement);
    else if (plain !== undefined) steps.push(plain);
    else steps.push(JSON.parse(quoted ?? '""') as string);
  }
  return path.startsWith('$') ? steps : undefined;
}

/** The one way to write these steps. */
export function formatPath(steps: readonly Step[]): string {
  return steps.reduce<string>((text, step) => {
    if (step === anyElement) return `${text}[*]`;
    return /^[A-Za-z_][A-Za-z0-9_]*$/.test(step) ? `${text}.${step}` : `${text}.${JSON.stringify(step)}`;
  }, '$');
}
