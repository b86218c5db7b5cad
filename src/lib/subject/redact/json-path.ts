import { usageError } from '../../base/error.ts';

/** One step of a path; `subscripts` of an array, both ends inclusive, -1 for the last. */
export type PathStep =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'any-key' }
  | { readonly kind: 'any-element' }
  | { readonly kind: 'descendants' }
  | { readonly kind: 'subscripts'; readonly ranges: readonly (readonly [from: number, to: number])[] };

export interface JsonPath {
  /** PostgreSQL's lax mode, which is the default: a key of an array is asked of its elements, `[*]` of anything is itself. */
  readonly mode: 'lax' | 'strict';
  readonly steps: readonly PathStep[];
}

const one =
  /\s*(?:\.\s*(?:(\*\*)|(\*)|("(?:[^"\\]|\\.)*")|([\p{L}\p{N}_$\u0080-\u{10FFFF}]+))(?!\s*[({])|\[\s*(?:(\*)|([\d\s,]|last\b|to\b)*)\s*\])/uy;

/**
 * The paths of PostgreSQL (SQL/JSON, "The SQL/JSON Path Language") that lead to a place: keys, `[*]`, `[n]`, `[n to m]`,
 * `.*`, `.**`. No filters, methods or arithmetic.
 * @throws {PosternError} exit 2, `json-path-unsupported`
 */
export function parseJsonPath(path: string): JsonPath {
  const head = /^\s*(lax\s|strict\s)?\s*\$/.exec(path);
  const steps: PathStep[] = [];
  let at = head?.[0].length ?? -1;
  const text = path.trimEnd();
  while (at >= 0 && at < text.length) {
    one.lastIndex = at;
    const match = one.exec(text);
    const step = match === null ? undefined : stepOf(match);
    if (match === null || step === undefined) {
      at = -1;
      break;
    }
    steps.push(step);
    at += match[0].length;
  }
  if (at < 0) {
    throw usageError(`cannot follow the JSON path ${path}`, {
      code: 'json-path-unsupported',
      hints: ['write it with keys, [*], [n], .* and .** only: $.recipients[*].address'],
    });
  }
  return { mode: head?.[1]?.startsWith('strict') === true ? 'strict' : 'lax', steps };
}

function stepOf([whole, deep, anyKey, quoted, key, anyElement]: RegExpExecArray): PathStep | undefined {
  if (deep !== undefined) return { kind: 'descendants' };
  if (anyKey !== undefined) return { kind: 'any-key' };
  if (key !== undefined) return { kind: 'key', key };
  if (anyElement !== undefined) return { kind: 'any-element' };
  if (quoted !== undefined) return quotedKey(quoted);
  const ranges = whole.trim().slice(1, -1).split(',').map(rangeOf);
  return ranges.every((range) => range !== undefined) ? { kind: 'subscripts', ranges } : undefined;
}

function quotedKey(quoted: string): PathStep | undefined {
  try {
    return { kind: 'key', key: JSON.parse(quoted) as string };
  } catch {
    return undefined;
  }
}

function rangeOf(text: string): readonly [number, number] | undefined {
  const match = /^\s*(\d+|last)(?:\s+to\s+(\d+|last))?\s*$/.exec(text);
  if (match === null) return undefined;
  const number = (written: string) => (written === 'last' ? -1 : Number(written));
  const from = number(match[1] ?? '');
  return [from, match[2] === undefined ? from : number(match[2])];
}
