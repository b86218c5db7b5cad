import { jsonNodes, nodesAt } from '../../redact/json-nodes.ts';
import { type PathStep, parseJsonPath } from '../../redact/json-path.ts';

/**
 * Replaces what stands at a path of a JSON document; every other byte stays, numbers of any length too. A strict path is
 * followed as a lax one, which finds the same and more.
 * @param replace takes what is there, and undefined leaves it
 * @returns the document; undefined where the path cannot be followed, so that nobody knows what it would find
 */
export function replaceAt(
  text: string,
  path: string,
  replace: (value: string) => string | undefined,
): string | undefined {
  const steps = stepsOf(path);
  return steps && replaced(text, steps, ({ kind }) => kind !== 'null', replace);
}

/** The same with each string at a path, however deep in what stands there; of all the document where the path cannot be followed. */
export function replaceStrings(
  text: string,
  path: string,
  replace: (value: string) => string | undefined,
): string {
  const steps = [...(stepsOf(path) ?? []), { kind: 'descendants' } as const];
  return replaced(text, steps, ({ kind }) => kind === 'string', replace);
}

/** The same with each string in a member of a name, where the path leads into one. */
export function replaceInMember(
  text: string,
  path: string,
  isMeant: (key: string) => boolean,
  replace: (value: string) => string | undefined,
): string {
  const steps = stepsOf(path) ?? [];
  const at = steps.findIndex((step) => step.kind === 'key' && isMeant(step.key));
  if (at < 0) return text;
  const member = [...steps.slice(0, at + 1), { kind: 'descendants' } as const];
  return replaced(text, member, ({ kind }) => kind === 'string', replace);
}

function replaced(
  text: string,
  steps: readonly PathStep[],
  isMeant: (node: ReturnType<typeof jsonNodes>) => boolean,
  replace: (value: string) => string | undefined,
): string {
  let result = '';
  let at = 0;
  const found = nodesAt(jsonNodes(text), { mode: 'lax', steps });
  for (const node of found.toSorted((a, b) => a.from - b.from)) {
    // What it stands in was replaced as a whole.
    if (node.from < at || !isMeant(node)) continue;
    const source = text.slice(node.from, node.to);
    const replacement = replace(node.kind === 'string' ? (JSON.parse(source) as string) : source);
    if (replacement === undefined) continue;
    result += text.slice(at, node.from) + JSON.stringify(replacement);
    at = node.to;
  }
  return result + text.slice(at);
}

function stepsOf(path: string): readonly PathStep[] | undefined {
  try {
    return parseJsonPath(path).steps;
  } catch {
    return undefined;
  }
}
