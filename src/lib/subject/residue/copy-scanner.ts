import { beginsPacked, packedIn } from '../identity/packed.ts';
import { type FieldScanner, fieldScanner, type Search } from './field-scanner.ts';
import { foldingClasses } from './folding.ts';
import type { ResidueForm } from './needles.ts';

/** A column of rows that are copied. */
export interface CopiedColumn {
  readonly name: string;
  readonly isBytes: boolean;
}

/** Rows of a column in which something was found in a form. */
export interface FoundRows {
  readonly column: string;
  readonly form: ResidueForm;
  readonly rows: number;
}

/**
 * Looks into rows in the text of COPY (PostgreSQL, "COPY", Text Format): fields behind tabs, escapes undone, bytea as
 * the bytes that it is.
 */
export interface CopyScanner {
  /** Whole rows. */
  scan(block: Uint8Array): void;
  readonly found: readonly FoundRows[];
}

const tab = 0x09;
const newline = 0x0a;
const carriageReturn = 0x0d;
const backslash = 0x5c;
const equals = 0x3d;

/** What stands behind a backslash for one byte; anything else stands for itself. */
const escapes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
for (const [index, byte] of [0x08, 0x0c, 0x0a, 0x0d, 0x09, 0x0b].entries())
  escapes['bfnrtv'.codePointAt(index) ?? 0] = byte;

/**
 * Nearly every field holds nothing: a bare loop over the tables of both automata tells which may hold something, and
 * only those are looked at with care.
 */
export function copyScanner(search: Search, columns: readonly CopiedColumn[]): CopyScanner {
  const scanner = fieldScanner(search);
  const sieve = fieldSieve(search);
  const counts = new Map<string, number>();
  const count = (column: number, form: ResidueForm): void => {
    const key = `${column} ${form}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  const unpacked = (field: Uint8Array, isBytes: boolean, column: number): void => {
    const value = copiedField(field);
    if (value === null) return;
    const packed = packedIn(isBytes ? Buffer.from(value.toString('latin1', 2), 'hex') : value);
    for (const byte of packed?.content ?? []) scanner.feed(byte);
    const forms = scanner.end();
    if (forms.has('name')) count(column, 'name');
    if ([...forms].some((form) => form !== 'name')) count(column, 'compressed');
  };
  const look = (block: Uint8Array, start: number, isBytes: boolean, column: number): void => {
    if (isBytes) feedHex(scanner, block, start);
    else feedText(scanner, block, start);
    for (const form of scanner.end()) count(column, form);
  };
  return {
    scan: (block) => {
      let column = 0;
      for (let start = 0; start < block.length; ) {
        // NULL is \N, and holds nothing.
        const isBytes = columns[column]?.isBytes === true && block[start + 1] === backslash;
        const end = isBytes ? sieve.hex(block, start) : sieve.text(block, start);
        if (sieve.hasHit()) look(block, start, isBytes, column);
        if (mayBePacked(block, start, isBytes)) unpacked(block.subarray(start, end), isBytes, column);
        column = block[end] === tab ? column + 1 : 0;
        start = end + 1;
      }
    },
    get found() {
      return [...counts].map(([key, rows]) => {
        const [column = '', form = ''] = key.split(' ');
        return { column: columns[Number(column)]?.name ?? '', form: form as ResidueForm, rows };
      });
    },
  };
}

/**
 * Tells which rows may hold a needle, without a look at words or at what stands around: for who looks again.
 * @returns takes whole rows, and tells each such one without its end of line; its memory is only for the call
 */
export function rowSieve(
  search: Search,
  columns: readonly Pick<CopiedColumn, 'isBytes'>[],
): (block: Uint8Array, onRow: (row: Uint8Array) => void) => void {
  const sieve = fieldSieve(search);
  return (block, onRow) => {
    let column = 0;
    let rowStart = 0;
    let isHit = false;
    for (let start = 0; start < block.length; ) {
      const isBytes = columns[column]?.isBytes === true && block[start + 1] === backslash;
      const end = isBytes ? sieve.hex(block, start) : sieve.text(block, start);
      isHit ||= sieve.hasHit() || mayBePacked(block, start, isBytes);
      column += 1;
      if (block[end] !== tab) {
        if (isHit) onRow(block.subarray(rowStart, end));
        isHit = false;
        column = 0;
        rowStart = end + 1;
      }
      start = end + 1;
    }
  };
}

/** Two letters of the beginning tell nearly every field apart; of bytes, as hexadecimal digits behind `\\x`. */
function mayBePacked(block: Uint8Array, start: number, isBytes: boolean): boolean {
  const text = (from: number, to: number) => Buffer.from(block.subarray(from, to)).toString('latin1');
  if (isBytes) return /^(?:1f8b|78(?:01|5e|9c|da)|28b5)/.test(text(start + 3, start + 7));
  const first = block[start];
  // e, H, K, and a full stop before them.
  return (
    (first === 0x65 || first === 0x48 || first === 0x4b || first === 0x2e) &&
    beginsPacked(text(start, start + 8))
  );
}

/** The fields of a row in the text of COPY, escapes undone; null for NULL. */
export function copiedFields(row: Uint8Array): readonly (Buffer | null)[] {
  const fields: (Buffer | null)[] = [];
  for (let start = 0; start <= row.length; ) {
    const found = row.indexOf(tab, start);
    const end = found < 0 ? row.length : found;
    fields.push(copiedField(row.subarray(start, end)));
    start = end + 1;
  }
  return fields;
}

function copiedField(field: Uint8Array): Buffer | null {
  if (field.length === 2 && field[0] === backslash && field[1] === 0x4e) return null;
  const bytes = Buffer.alloc(field.length);
  let length = 0;
  for (let at = 0; at < field.length; at += 1) {
    let byte = field[at] ?? 0;
    if (byte === backslash) {
      at += 1;
      byte = escapes[field[at] ?? 0] ?? 0;
    }
    bytes[length] = byte;
    length += 1;
  }
  return bytes.subarray(0, length);
}

interface FieldSieve {
  /** @returns where the field's tab or newline stands */
  text(block: Uint8Array, start: number): number;
  hex(block: Uint8Array, start: number): number;
  /** Whether a needle was in the last field. */
  hasHit(): boolean;
}

function fieldSieve({ folded, exact, digests }: Search): FieldSieve {
  const { table: exactTable, classOf: exactClass, classes: exactClasses, isEnd: exactEnds } = exact;
  const { table: foldedTable, classes: foldedClasses, isEnd: foldedEnds } = folded;
  const foldedClass = foldingClasses(folded);
  let hit = 0;

  const text = (block: Uint8Array, start: number): number => {
    hit = 0;
    let small = 0;
    let exactState = 0;
    /** The state before a `=`, which the end of a line behind it takes back; -1 elsewhere. */
    let beforeEquals = -1;
    for (let at = start; at < block.length; at += 1) {
      let byte = block[at] as number;
      if (byte === tab || byte === newline) return at;
      if (byte === backslash) {
        at += 1;
        byte = escapes[block[at] as number] as number;
        if (byte === newline || byte === carriageReturn) {
          if (beforeEquals >= 0) small = beforeEquals;
          else small = foldedTable[small * foldedClasses + (foldedClass[byte] as number)] as number;
          continue;
        }
      }
      beforeEquals = byte === equals ? small : -1;
      small = foldedTable[small * foldedClasses + (foldedClass[byte] as number)] as number;
      exactState = exactTable[exactState * exactClasses + (exactClass[byte] as number)] as number;
      hit |= (foldedEnds[small] as number) | (exactEnds[exactState] as number);
    }
    return block.length;
  };

  const hex = (block: Uint8Array, start: number): number => {
    hit = 0;
    let small = 0;
    let exactState = 0;
    let digestState = 0;
    let beforeEquals = -1;
    for (let at = start + 3; at < block.length; at += 2) {
      const high = block[at] as number;
      if (high === tab || high === newline) return at;
      const byte = digit(high) * 16 + digit(block[at + 1] as number);
      digestState = digests.table[
        digestState * digests.classes + (digests.classOf[byte] as number)
      ] as number;
      hit |= digests.isEnd[digestState] as number;
      if (byte === newline || byte === carriageReturn) {
        if (beforeEquals >= 0) small = beforeEquals;
        else small = foldedTable[small * foldedClasses + (foldedClass[byte] as number)] as number;
        continue;
      }
      beforeEquals = byte === equals ? small : -1;
      small = foldedTable[small * foldedClasses + (foldedClass[byte] as number)] as number;
      exactState = exactTable[exactState * exactClasses + (exactClass[byte] as number)] as number;
      hit |= (foldedEnds[small] as number) | (exactEnds[exactState] as number);
    }
    return block.length;
  };

  return { text, hex, hasHit: () => hit !== 0 };
}

function feedText(scanner: FieldScanner, block: Uint8Array, start: number): void {
  for (let at = start; at < block.length; at += 1) {
    const byte = block[at] ?? 0;
    if (byte === tab || byte === newline) return;
    if (byte === backslash) {
      at += 1;
      scanner.feed(escapes[block[at] ?? 0] ?? 0);
    } else scanner.feed(byte);
  }
}

/** bytea in its hex form: `\\x` (the backslash escaped) and two digits a byte. */
function feedHex(scanner: FieldScanner, block: Uint8Array, start: number): void {
  for (let at = start + 3; at + 1 < block.length; at += 2) {
    const high = block[at] ?? 0;
    if (high === tab || high === newline) return;
    scanner.feed(digit(high) * 16 + digit(block[at + 1] ?? 0));
  }
}

const digit = (byte: number): number => (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
