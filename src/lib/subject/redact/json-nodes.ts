import { usageError } from '../../base/error.ts';
import type { JsonPath, PathStep } from './json-path.ts';

/** A value of a document, and where in its text it stands. */
export interface JsonNode {
  readonly kind: 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';
  readonly from: number;
  to: number;
  /** Of objects and arrays, in their order. `from` of a member is where its key begins. */
  readonly children: JsonChild[];
  readonly parent?: JsonNode;
}

export interface JsonChild {
  readonly from: number;
  readonly key?: string;
  readonly node: JsonNode;
}

/**
 * The document with the place of every value, so that one can be changed and all else stay as it is written: numbers of
 * any length, keys that are there twice, their order. No recursion: documents may be nested deeply.
 * @throws {PosternError} exit 2, `json-invalid`
 */
export function jsonNodes(text: string): JsonNode {
  try {
    JSON.parse(text);
  } catch {
    // The parser's own message quotes the document.
    throw usageError('a document that should be JSON is none', { code: 'json-invalid' });
  }
  let container: JsonNode | undefined;
  let root: JsonNode | undefined;
  let key: { readonly text: string; readonly from: number } | undefined;
  for (const { word, index } of words(text)) {
    if (word === '}' || word === ']') {
      if (container !== undefined) container.to = index + 1;
      container = container?.parent;
      continue;
    }
    if (word === ',' || word === ':') continue;
    if (container?.kind === 'object' && key === undefined) {
      key = { text: JSON.parse(word) as string, from: index };
      continue;
    }
    const node: JsonNode = {
      kind: kindOf(word),
      from: index,
      to: index + word.length,
      children: [],
      ...(container === undefined ? {} : { parent: container }),
    };
    container?.children.push(
      key === undefined ? { from: index, node } : { from: key.from, key: key.text, node },
    );
    key = undefined;
    root ??= node;
    if (word === '{' || word === '[') container = node;
  }
  if (root === undefined) throw new Error('JSON without a value');
  return root;
}

/** Brackets, commas, colons, strings with their quotes, and what stands between them. */
function* words(text: string): Generator<{ readonly word: string; readonly index: number }> {
  const other = /[{}[\]:,"]|[^\s{}[\]:,"]+/g;
  for (let match = other.exec(text); match !== null; match = other.exec(text)) {
    const [word] = match;
    if (word === '"') other.lastIndex = stringEnd(text, match.index);
    yield { word: text.slice(match.index, other.lastIndex), index: match.index };
  }
}

function stringEnd(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text[at - 1 - escapes] === '\\') escapes += 1;
    if (escapes % 2 === 0) return at + 1;
  }
  return text.length;
}

function kindOf(word: string): JsonNode['kind'] {
  if (word === '{') return 'object';
  if (word === '[') return 'array';
  if (word.startsWith('"')) return 'string';
  if (word === 'null') return 'null';
  return word === 'true' || word === 'false' ? 'boolean' : 'number';
}

/** The values that a path leads to. */
export function nodesAt(root: JsonNode, { mode, steps }: JsonPath): readonly JsonNode[] {
  let found: readonly JsonNode[] = [root];
  for (const step of steps) found = found.flatMap((node) => follow(node, step, mode));
  return [...new Set(found)];
}

function follow(node: JsonNode, step: PathStep, mode: JsonPath['mode']): readonly JsonNode[] {
  const own = node.children.map((child) => child.node);
  if (step.kind === 'descendants') return descendants(node);
  if (step.kind === 'key' || step.kind === 'any-key') {
    if (node.kind === 'array' && mode === 'lax') {
      return own
        .filter(({ kind }) => kind === 'object')
        .flatMap((element) => follow(element, step, 'strict'));
    }
    if (node.kind !== 'object') return [];
    return step.kind === 'any-key'
      ? own
      : node.children.flatMap(({ key, node: value }) => (key === step.key ? [value] : []));
  }
  const elements = node.kind === 'array' ? own : mode === 'lax' ? [node] : [];
  if (step.kind === 'any-element') return elements;
  const index = (place: number) => (place < 0 ? elements.length - 1 : place);
  return step.ranges.flatMap(([from, to]) => elements.slice(index(from), index(to) + 1));
}

function descendants(node: JsonNode): readonly JsonNode[] {
  const found = [node];
  for (const one of found) for (const { node: child } of one.children) found.push(child);
  return found;
}
