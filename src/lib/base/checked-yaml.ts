import type { z } from 'zod';
import { usageError } from './error.ts';

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
  const { LineCounter, parseDocument } = await import('yaml');
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true, version: '1.2' });
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
  const positionOf = (path: readonly PropertyKey[]): Position => {
    for (let length = path.length; length >= 0; length -= 1) {
      const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
      const range = hasRange(node) ? node.range : undefined;
      if (range !== undefined && range !== null) return positionAt(range[0]);
    }
    return { line: 1, column: 1 };
  };
  const plain: unknown = plainValue(() => document.toJS({ maxAliasCount }), name);
  const parsed = schema.safeParse(plain);
  if (parsed.success) return { value: parsed.data, positionOf };
  throw problems(
    name,
    parsed.error.issues
      .flatMap((issue) => explain(issue))
      .map(({ path, message }) => ({
        ...positionOf(path),
        path: pathText(path),
        message,
      })),
  );
}

interface Explained {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function explain(issue: z.core.$ZodIssue): readonly Explained[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'unknown key' }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // The branch that got furthest is the one that was meant.
    const branches = issue.errors.map((branch) => branch.flatMap((inner) => explain(inner)));
    const meant = branches.toSorted((a, b) => a.length - b.length)[0] ?? [];
    if (meant.length > 0) return meant.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
  }
  return [{ path: issue.path, message: lowerFirst(issue.message) }];
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
    throw usageError(`${name}: ${error instanceof Error ? error.message : String(error)}`, {
      code: 'yaml-invalid',
      cause: error,
    });
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

function hasRange(node: unknown): node is { readonly range?: readonly [number, number, number] | null } {
  return typeof node === 'object' && node !== null && 'range' in node;
}

function firstLine(text: string): string {
  return lowerFirst(text.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? text);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
