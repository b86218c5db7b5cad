import type { z } from 'zod';
import { messageOf, usageError } from './error.ts';
import { type ExplainedIssue, explainIssue } from './explain-issue.ts';

/** Where something stands in a text file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface YamlProblem extends Position {
  /** The place in the document: `profiles.production.backup.recipients[0]`, or empty for the whole. */
  readonly path: string;
  readonly message: string;
}

export interface CheckedYaml<T> {
  readonly value: T;
  /** Where the value at a path stands, or its nearest parent. */
  positionOf(path: readonly PropertyKey[]): Position;
}

/** More aliases than this is not a configuration but an attack on the parser ("billion laughs"). */
const maxAliasCount = 100;
const maxBytes = 16 * 2 ** 20;

/**
 * Reads YAML 1.2 and checks it against a schema; reports every problem at once, each with file, line and column.
 * @param name how the file is called in messages
 * @throws {PosternError} exit 2, `code: 'yaml-invalid'`
 */
export async function readCheckedYaml<T>(
  text: string,
  name: string,
  schema: z.ZodType<T>,
): Promise<CheckedYaml<T>> {
  if (text.length > maxBytes)
    throw usageError(`${name} is larger than 16 MiB, which no such file should be`, { code: 'yaml-invalid' });
  const { isMap, isScalar, LineCounter, parseDocument, visit } = await import('yaml');
  const counter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: counter,
    uniqueKeys: true,
    version: '1.2',
    logLevel: 'error',
  });
  const positionAt = (offset: number): Position => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (document.errors.length > 0) {
    throw problems(
      name,
      document.errors.map((error) => ({
        ...positionAt(error.pos[0]),
        path: '',
        message: firstLine(error.message),
      })),
    );
  }
  // Schemas leave such a key out without a word: what stands under it would count for nothing.
  const swallowed: YamlProblem[] = [];
  visit(document, {
    Pair: (_, { key }) => {
      if (!isScalar(key) || key.value !== '__proto__') return;
      const message = 'the name __proto__ cannot stand here';
      swallowed.push({ ...positionAt(startOf(key) ?? 0), path: '', message });
    },
  });
  if (swallowed.length > 0) throw problems(name, swallowed);
  const rangeAt = (path: readonly PropertyKey[]): number | undefined =>
    startOf(path.length === 0 ? document.contents : document.getIn(path, true));
  const positionOf = (path: readonly PropertyKey[]): Position => {
    for (let length = path.length; length >= 0; length -= 1) {
      const offset = rangeAt(path.slice(0, length));
      if (offset !== undefined) return positionAt(offset);
    }
    return { line: 1, column: 1 };
  };
  const keyPositionOf = (path: readonly PropertyKey[]): Position => {
    const parent: unknown = document.getIn(path.slice(0, -1), true);
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))
      : undefined;
    const offset = startOf(pair?.key);
    return offset === undefined ? positionOf(path) : positionAt(offset);
  };
  const plain: unknown = plainValue(() => document.toJS({ maxAliasCount }), name);
  const parsed = schema.safeParse(plain);
  if (parsed.success) return { value: parsed.data, positionOf };
  throw problems(
    name,
    parsed.error.issues
      .flatMap((issue): readonly ExplainedIssue[] => explainIssue(issue, { schema, value: plain }))
      .map(({ path, message, about }) => ({
        ...(about === 'key' ? keyPositionOf(path) : positionOf(path)),
        path: pathText(path),
        message,
      })),
  );
}

function problems(name: string, found: readonly YamlProblem[]): Error {
  const lines = found
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .map(
      ({ line, column, path, message }) =>
        `${name}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`,
    );
  return usageError(
    lines.length === 1 ? (lines[0] ?? '') : `${lines.length} problems\n  ${lines.join('\n  ')}`,
    {
      code: 'yaml-invalid',
    },
  );
}

function plainValue(read: () => unknown, name: string): unknown {
  try {
    return read();
  } catch (error) {
    // Too many aliases: that lies in the file as a whole.
    throw usageError(`${name}:1:1: ${lowerFirst(messageOf(error))}`, { code: 'yaml-invalid', cause: error });
  }
}

/** `profiles.production.stores[0]`, as people write it. */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key) =>
      typeof key === 'number'
        ? `[${key}]`
        : /^[\w-]+$/.test(String(key))
          ? `.${String(key)}`
          : `.${JSON.stringify(String(key))}`,
    )
    .join('')
    .replace(/^\./, '');
}

/** The offset at which a node begins. */
function startOf(node: unknown): number | undefined {
  const hasRange = typeof node === 'object' && node !== null && 'range' in node;
  return hasRange && Array.isArray(node.range) ? Number(node.range[0]) : undefined;
}

function firstLine(text: string): string {
  return lowerFirst(text.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? text);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
