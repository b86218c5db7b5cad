/** One statement of a script, with the comments before it. */
export interface Statement {
  /** The offset of its first byte in the script. */
  readonly start: number;
  /** The offset after its semicolon. */
  readonly end: number;
}

/** What may hold a semicolon that ends nothing, or changes whether one does. Sticky: matched at one offset. */
const token = new RegExp(
  [
    String.raw`--[^\n]*`,
    String.raw`(?<block>/\*)`,
    String.raw`[eE]'(?:[^'\\]|\\[^]|'')*(?:'|$)`,
    String.raw`'[^']*(?:'|$)`,
    String.raw`"[^"]*(?:"|$)`,
    String.raw`(?<dollar>\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$)`,
    String.raw`(?<word>[A-Za-z_\x80-\xff][\w\x80-\xff$]*)`,
    String.raw`\d[\w$.]*`,
    String.raw`\s+`,
    String.raw`[^]`,
  ].join('|'),
  'y',
);

/**
 * Splits an SQL script at the semicolons that end a statement, as psql does (standard_conforming_strings being on):
 * not at those within literals, quoted names, comments, parentheses and bodies of SQL functions. The bytes may be in any
 * encoding that a server can have, because in those no part of another character looks like ASCII.
 */
export function splitStatements(script: Uint8Array): readonly Statement[] {
  const text = Buffer.from(script.buffer, script.byteOffset, script.byteLength).toString('latin1');
  const statements: Statement[] = [];
  const scan = new RegExp(token);
  let start = 0;
  let parentheses = 0;
  let blank = true;
  let body = newBody();
  const finish = (end: number) => {
    if (!blank) statements.push({ start, end });
    start = end;
    parentheses = 0;
    blank = true;
    body = newBody();
  };
  while (scan.lastIndex < text.length) {
    const { 0: lexeme, groups = {}, index } = scan.exec(text) as RegExpExecArray;
    if (groups['block'] !== undefined) scan.lastIndex = endOfComment(text, index);
    else if (groups['dollar'] !== undefined) scan.lastIndex = endOfDollarString(text, index, lexeme);
    else if (groups['word'] !== undefined) body.word(lexeme.toLowerCase());
    else if (lexeme === '(') parentheses += 1;
    else if (lexeme === ')') parentheses = Math.max(0, parentheses - 1);
    if (lexeme === ';' && parentheses === 0 && !body.open()) finish(scan.lastIndex);
    else if (!isBlank(lexeme)) blank = false;
  }
  finish(text.length);
  return statements;
}

/**
 * Follows `CREATE FUNCTION … BEGIN ATOMIC … END`, whose semicolons are its own. psql goes by BEGIN alone, and so
 * stumbles over a function that is named `begin`.
 */
function newBody() {
  const firstWords: string[] = [];
  let previous = '';
  let depth = 0;
  return {
    open: () => depth > 0,
    word(word: string): void {
      if (firstWords.length < 4) firstWords.push(word);
      if (depth === 0)
        depth = previous === 'begin' && word === 'atomic' && createsRoutine(firstWords) ? 1 : 0;
      else if (word === 'case') depth += 1;
      else if (word === 'end') depth -= 1;
      previous = word;
    },
  };
}

function createsRoutine(firstWords: readonly string[]): boolean {
  return /^create (?:or replace )?(?:function|procedure)\b/.test(firstWords.join(' '));
}

/** Comments nest. */
function endOfComment(text: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}

function endOfDollarString(text: string, start: number, tag: string): number {
  const end = text.indexOf(tag, start + tag.length);
  return end < 0 ? text.length : end + tag.length;
}

function isBlank(lexeme: string): boolean {
  return lexeme.trim() === '' || lexeme.startsWith('--') || lexeme === '/*';
}
