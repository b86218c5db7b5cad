/** Finds many byte strings at once, in one step a byte however many they are (Aho and Corasick, CACM 18(6), 1975). */
export interface Automaton {
  /** The state before anything was read. */
  readonly start: number;
  /** The state after one more byte. */
  next(state: number, byte: number): number;
  /** The patterns that end in this state, by their number; none in most. */
  readonly ends: readonly (readonly number[] | undefined)[];
  /** The same as bare tables, for a loop that must be fast: `table[state * classes + classOf[byte]]`. */
  readonly table: Int32Array;
  readonly classOf: Uint16Array;
  readonly classes: number;
  /** 1 for states in which a pattern ends. */
  readonly isEnd: Uint8Array;
}

/** Throws `RangeError` for an empty pattern. */
export function automaton(patterns: readonly Uint8Array[]): Automaton {
  const { classOf, classes } = byteClasses(patterns);
  // -1: no such edge yet.
  const table = new Int32Array(statesOf(patterns) * classes).fill(-1);
  const ends: number[][] = [];
  let states = 1;
  // All patterns by one byte after the other: the states near the start, where nearly all of a text is, lie together.
  const reached = new Int32Array(patterns.length);
  for (let depth = 0, open = patterns.length; open > 0; depth += 1) {
    open = 0;
    for (const [number, pattern] of patterns.entries()) {
      const byte = pattern[depth];
      if (byte === undefined) continue;
      open += 1;
      const edge = (reached[number] ?? 0) * classes + (classOf[byte] ?? 0);
      if ((table[edge] ?? -1) < 0) {
        table[edge] = states;
        states += 1;
      }
      reached[number] = table[edge] ?? 0;
    }
  }
  for (const [number, pattern] of patterns.entries()) {
    if (pattern.length === 0) throw new RangeError('an empty pattern is everywhere');
    (ends[reached[number] ?? 0] ??= []).push(number);
  }
  fillFailures(table, classes, ends);
  return {
    start: 0,
    next: (state, byte) => table[state * classes + (classOf[byte] ?? 0)] ?? 0,
    ends,
    table,
    classOf,
    classes,
    isEnd: Uint8Array.from({ length: states }, (_, state) => (ends[state] === undefined ? 0 : 1)),
  };
}

/** One for each different beginning of a pattern, the empty one too: patterns of one name have much in common. */
function statesOf(patterns: readonly Uint8Array[]): number {
  let states = 1;
  let before: Uint8Array = new Uint8Array();
  for (const pattern of patterns.toSorted((one, other) => Buffer.compare(one, other))) {
    let shared = 0;
    while (shared < before.length && before[shared] === pattern[shared]) shared += 1;
    states += pattern.length - shared;
    before = pattern;
  }
  return states;
}

/** Bytes that no pattern has are all one: the table is as wide as the patterns' own alphabet. */
function byteClasses(patterns: readonly Uint8Array[]) {
  const classOf = new Uint16Array(256);
  let classes = 1;
  for (const pattern of patterns) {
    for (const byte of pattern) {
      if (classOf[byte] !== 0) continue;
      classOf[byte] = classes;
      classes += 1;
    }
  }
  return { classOf, classes };
}

/** Breadth first: where no edge leads on, the longest suffix that is the beginning of a pattern goes on. */
function fillFailures(table: Int32Array, classes: number, ends: number[][]): void {
  const failures = new Int32Array(table.length / classes);
  const queue: number[] = [];
  for (let at = 0; at < classes; at += 1) {
    const state = table[at] ?? -1;
    if (state > 0) queue.push(state);
    else table[at] = 0;
  }
  for (const state of queue) {
    const failure = failures[state] ?? 0;
    const inherited = ends[failure];
    if (inherited !== undefined) ends[state] = [...(ends[state] ?? []), ...inherited];
    for (let at = 0; at < classes; at += 1) {
      const next = table[state * classes + at] ?? -1;
      const shorter = table[failure * classes + at] ?? 0;
      if (next < 0) table[state * classes + at] = shorter;
      else {
        failures[next] = shorter;
        queue.push(next);
      }
    }
  }
}
