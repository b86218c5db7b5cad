/** One step into a document: a key, or any element of an array. */
export type JsonStep = string | typeof anyElement;
export const anyElement = Symbol('[*]');

export interface JsonString {
  readonly path: readonly JsonStep[];
  readonly text: string;
  /** The string is a key of the object at `path`, not a value. */
  readonly isKey: boolean;
}

/** Deeper documents are somebody's attack on a parser. */
const deepest = 64;
const token = /[\s,]*(?:([{}[\]:])|"([^"\\]*(?:\\.[^"\\]*)*)(?:"|\\?$)|[^\s,{}[\]:"]+)/suy;

interface Level {
  readonly isArray: boolean;
  key: string | undefined;
}

/**
 * Every string of a JSON document with its path, keys too. A document that was cut off gives what came before, and
 * what is no JSON gives what it can: nothing here throws.
 */
export function* jsonStrings(document: string): Iterable<JsonString> {
  const levels: Level[] = [];
  for (let position = 0; ; ) {
    token.lastIndex = position;
    const match = token.exec(document);
    if (match === null) return;
    position = token.lastIndex;
    const [, mark, quoted] = match;
    const level = levels.at(-1);
    if (mark === '{' || mark === '[') {
      if (levels.length === deepest) return;
      levels.push({ isArray: mark === '[', key: undefined });
    } else if (mark === '}' || mark === ']') {
      levels.pop();
      endValue(levels.at(-1));
    } else if (quoted !== undefined) {
      const text = unescaped(quoted);
      if (level !== undefined && !level.isArray && level.key === undefined) {
        yield { path: pathOf(levels.slice(0, -1)), text, isKey: true };
        level.key = text;
      } else {
        yield { path: pathOf(levels), text, isKey: false };
        endValue(level);
      }
    } else if (mark === undefined) {
      endValue(level);
    }
  }
}

/** The next string of an object is a key again. */
function endValue(level: Level | undefined): void {
  if (level !== undefined) level.key = undefined;
}

const pathOf = (levels: readonly Level[]): readonly JsonStep[] =>
  levels.map(({ isArray, key }) => (isArray ? anyElement : (key ?? '')));

function unescaped(quoted: string): string {
  if (!quoted.includes('\\')) return quoted;
  try {
    return String(JSON.parse(`"${quoted}"`));
  } catch {
    return quoted;
  }
}
