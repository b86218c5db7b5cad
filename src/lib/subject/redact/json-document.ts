import type { Identity } from '../identity/identities.ts';
import { type JsonChild, type JsonNode, jsonNodes, nodesAt } from './json-nodes.ts';
import { parseJsonPath } from './json-path.ts';
import { isOfTokens, type Parser } from './parser.ts';

/** What becomes of what stands at a path. */
export type JsonErasure =
  /** A member of an object goes with its key, an element of an array goes. */
  | 'node'
  | 'null'
  /** A placeholder of its type. */
  | 'value'
  | { readonly text: string }
  /** A text that is made from the value, as a keyed hash is. */
  | { readonly by: (value: string) => string }
  /** A string in which addresses stand; or whatever stands below, keys too, where they are found as they are written. */
  | { readonly inside: Parser };

export interface JsonRule {
  /** A JSONPath of the map: `$.rcpt[*].addr`. */
  readonly path: string;
  /** Only values that are the persons' by this identity; left out, everything that stands at the path. */
  readonly identity?: Identity;
  readonly erase: JsonErasure;
}

export interface JsonRedaction {
  readonly isTheirs: (value: string, identity: Identity) => boolean;
  /** In place of a string or number that is theirs. */
  readonly placeholder: (identity: Identity | undefined) => string;
  /** @param source as it is written in JSON: a string with its quotes */
  readonly inside: (source: string, parser: Parser, identity: Identity | undefined) => string | undefined;
}

/** @throws {PosternError} exit 2, `json-path-unsupported`, `json-invalid` */
export function redactJson(
  text: string,
  rules: readonly JsonRule[],
  redaction: JsonRedaction,
): string | undefined {
  const paths = rules.map(({ path }) => parseJsonPath(path));
  const root = jsonNodes(text);
  /** What stands in place of a value from now on; undefined: nothing. */
  const changes = new Map<JsonNode, string | undefined>();
  for (const [index, rule] of rules.entries()) {
    for (const node of nodesAt(root, paths[index] ?? { mode: 'lax', steps: [] })) {
      const source = text.slice(node.from, node.to);
      const written = changed(node, source, rule, redaction);
      if (written === undefined || changes.has(node)) continue;
      changes.set(node, written === gone ? undefined : written);
    }
  }
  return changes.size === 0 ? undefined : applied(text, root, changes);
}

const gone = Symbol('gone');

/** @returns undefined where the value stays */
function changed(
  { kind }: JsonNode,
  source: string,
  { erase, identity }: JsonRule,
  { isTheirs, placeholder, inside }: JsonRedaction,
): string | typeof gone | undefined {
  if (kind === 'null') return erase === 'node' && identity === undefined ? gone : undefined;
  if (typeof erase === 'object' && 'inside' in erase) {
    const isText = kind === 'string' || ((kind === 'object' || kind === 'array') && isOfTokens(erase.inside));
    return isText ? inside(source, erase.inside, identity) : undefined;
  }
  const value = kind === 'string' ? (JSON.parse(source) as string) : source;
  const isWhole = kind === 'object' || kind === 'array';
  if (identity !== undefined && (isWhole || !isTheirs(value, identity))) return undefined;
  if (erase === 'node') return gone;
  if (erase === 'null') return 'null';
  if (erase !== 'value') return JSON.stringify('text' in erase ? erase.text : erase.by(value));
  return kind === 'string' ? JSON.stringify(placeholder(identity)) : emptyOf[kind];
}

const emptyOf = { object: '{}', array: '[]', number: '0', boolean: 'false' } as const;

/** All else as it is written: whatever goes takes one comma with it. */
function applied(text: string, root: JsonNode, changes: ReadonlyMap<JsonNode, string | undefined>): string {
  const edits: { readonly from: number; readonly to: number; readonly written: string }[] = [];
  const waiting = [root];
  for (const node of waiting) {
    if (changes.has(node)) {
      const written = changes.get(node);
      // A document cannot be nothing.
      if (written !== undefined || node === root)
        edits.push({ from: node.from, to: node.to, written: written ?? 'null' });
      continue;
    }
    const isKept = ({ node: child }: JsonChild) => !changes.has(child) || changes.get(child) !== undefined;
    const firstKept = node.children.findIndex(isKept);
    for (const [index, child] of node.children.entries()) {
      if (isKept(child)) waiting.push(child.node);
      else edits.push({ ...removed(node.children, index, firstKept >= 0 && firstKept < index), written: '' });
    }
  }
  let result = '';
  let at = 0;
  for (const { from, to, written } of edits.toSorted((a, b) => a.from - b.from)) {
    result += text.slice(at, from) + written;
    at = to;
  }
  return result + text.slice(at);
}

/** With the comma before it where something before it stays, otherwise with the one behind it. */
function removed(children: readonly JsonChild[], index: number, isBehindKept: boolean) {
  const child = children[index];
  const end = child?.node.to ?? 0;
  if (isBehindKept) return { from: children[index - 1]?.node.to ?? 0, to: end };
  return { from: child?.from ?? 0, to: children[index + 1]?.from ?? end };
}
