import { isFileExtension, longestExtension } from '../identity/file-extension.ts';
import { type Automaton, automaton } from './automaton.ts';
import { displayNameNeedles, type Needle, needlesOf, type ResidueForm } from './needles.ts';

/** What is looked for, ready to look. */
export interface Search {
  readonly folded: Automaton;
  readonly foldedNeedles: readonly Needle[];
  readonly exact: Automaton;
  readonly exactNeedles: readonly Needle[];
  /** A table of its own, since any byte may stand in it: it would make the others as wide. */
  readonly digests: Automaton;
}

/**
 * @param names addresses, or what persons are called: all of them are looked for at once
 * @param called display names, whose findings are told apart, as `name`
 */
export function searchFor(names: readonly string[], called: readonly string[] = []): Search {
  const needles = [...names.flatMap(needlesOf), ...called.flatMap(displayNameNeedles)];
  const foldedNeedles = needles.filter(({ compared }) => compared === 'folded');
  const exactNeedles = needles.filter(({ compared }) => compared === 'exact');
  return {
    foldedNeedles,
    exactNeedles,
    folded: automaton(foldedNeedles.map(({ bytes }) => bytes)),
    exact: automaton(exactNeedles.map(({ bytes }) => bytes)),
    digests: automaton(needles.filter(({ compared }) => compared === 'digest').map(({ bytes }) => bytes)),
  };
}

/** Looks at the bytes of one field after the other. */
export interface FieldScanner {
  feed(byte: number): void;
  /** Ends the field. @returns the forms that were found in it; most often none */
  end(): ReadonlySet<ResidueForm>;
}

/** How much of a field is remembered: more than the longest needle and what stands around it. */
const ringSize = 4096;
const mask = ringSize - 1;
/** A group of base64 before and behind is enough to see whether a name goes on. */
const around = 8;

const nothing: ReadonlySet<ResidueForm> = new Set();

export function fieldScanner({ folded, foldedNeedles, exact, exactNeedles, digests }: Search): FieldScanner {
  const lower = Uint8Array.from({ length: 256 }, (_, byte) =>
    byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte,
  );
  const ring = new Uint8Array(ringSize);
  /** Of what is read as base64, without the ends of lines. */
  const exactRing = new Uint8Array(ringSize);
  let foldedState = folded.start;
  let exactState = exact.start;
  let digestState = digests.start;
  /** How many bytes of the field were fed. */
  let length = 0;
  let exactLength = 0;
  /** A `=` at the end of a line (quoted-printable) is no part of the text; what comes next decides. */
  let held: 'none' | 'equals' | 'line' = 'none';
  let found: Set<ResidueForm> | undefined;
  /** Ends of words that what comes next may lengthen. */
  let open: OpenWord[] = [];
  let encoded: { needle: Needle; end: number }[] = [];
  /** Where names in hexadecimal digits end, until what follows is known. */
  let hex: number[] = [];
  const note = (form: ResidueForm): void => void (found ??= new Set()).add(form);
  const at = (back: number): number => (length - back < 0 ? -1 : (ring[(length - back) & mask] ?? 0));

  const decideHex = (until: number): void => {
    hex = hex.filter((end) => {
      if (end > until) return true;
      const behind = Array.from({ length: Math.min(4, length - end) }, (_, index) =>
        at(length - end - index),
      );
      if (
        !/^(?:[\da-z]|[.-][\da-z])/i.test(
          Buffer.from(String.fromCharCode(...behind), 'hex').toString('latin1'),
        )
      )
        note('hex');
      return false;
    });
  };

  const feedFolded = (byte: number): void => {
    if (open.length > 0) open = open.flatMap((word) => stillOpen(word, byte, note));
    ring[length & mask] = byte;
    length += 1;
    if (hex.length > 0) decideHex(length - 4);
    foldedState = folded.next(foldedState, byte);
    for (const number of folded.ends[foldedState] ?? []) {
      const needle = foldedNeedles[number];
      if (needle === undefined) continue;
      if (needle.isWrapped === true) {
        if (beginsWrapped(at, needle.bytes.length)) note(needle.form);
      } else if (needle.form === 'hex') {
        if (beginsHex(at, needle.bytes.length)) hex.push(length);
      } else if (!needle.isWord || isCounted(at, needle.bytes.length)) note(needle.form);
      else if (beginsWord(at, needle.bytes.length)) open.push({ form: needle.form, label: undefined });
    }
  };
  const feedExact = (byte: number): void => {
    exactRing[exactLength & mask] = byte;
    exactLength += 1;
    exactState = exact.next(exactState, byte);
    for (const number of exact.ends[exactState] ?? []) {
      const needle = exactNeedles[number];
      if (needle?.base64 === undefined) note(needle?.form ?? 'hash');
      else encoded.push({ needle, end: exactLength });
    }
    if (encoded.length > 0) encoded = encoded.filter((one) => exactLength < one.end + around || !decide(one));
  };
  const decide = ({ needle, end }: { readonly needle: Needle; readonly end: number }): true => {
    const { offset = 0, name = '' } = needle.base64 ?? {};
    // Where the group of four begins in which the name does; before it, whole groups.
    const start = end - needle.bytes.length - offset;
    const char = (index: number) => String.fromCharCode(exactRing[index & mask] ?? 0);
    const isGroup = (index: number) =>
      index >= 0 && [0, 1, 2, 3].every((step) => /[\w+/-]/.test(char(index + step)));
    let from = start;
    while (from > start - around && isGroup(from - 4)) from -= 4;
    let to = end;
    while (to < Math.min(exactLength, end + around) && /[\w+/-]/.test(char(to))) to += 1;
    const first = Math.max(0, from);
    const text = Array.from({ length: to - first }, (_, index) => char(first + index)).join('');
    // What is missing of the first group, where a field begins within it.
    const decoded = Buffer.from('A'.repeat(first - from) + text, 'base64')
      .toString('latin1')
      .toLowerCase();
    if (holdsWord(decoded, Buffer.from(name).toString('latin1'))) note(needle.form);
    return true;
  };

  return {
    feed: (byte) => {
      digestState = digests.next(digestState, byte);
      if (digests.ends[digestState] !== undefined) note('hash');
      if (byte !== 0x0a && byte !== 0x0d) feedExact(byte);
      const small = lower[byte] ?? 0;
      if (held === 'none') {
        if (byte === 0x3d) held = 'equals';
        else feedFolded(small);
        return;
      }
      const isEnd = byte === 0x0a || byte === 0x0d;
      if (isEnd) {
        held = byte === 0x0d ? 'line' : 'none';
        return;
      }
      if (held === 'equals') feedFolded(0x3d);
      held = 'none';
      if (byte === 0x3d) held = 'equals';
      else feedFolded(small);
    },
    end: () => {
      if (held === 'equals') feedFolded(0x3d);
      decideHex(length);
      for (const word of open) if (isComplete(word)) note(word.form);
      for (const one of encoded) decide(one);
      const result = found ?? nothing;
      foldedState = folded.start;
      exactState = exact.start;
      digestState = digests.start;
      length = 0;
      exactLength = 0;
      held = 'none';
      found = undefined;
      open = [];
      encoded = [];
      return result;
    },
  };
}

const isAlnum = (byte: number): boolean => (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a);
const isHex = (byte: number): boolean => (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66);
/** What may stand in the local part of an address: `joann`, `x-ann`. */
const isLocal = (byte: number): boolean => isAlnum(byte) || '._%+-'.includes(String.fromCharCode(byte));

const [plus, hyphen, equals, backslash] = [0x2b, 0x2d, 0x3d, 0x5c];
/** Before an entry of a list, a line of a difference or a right that is denied; no local part begins with one. */
const isDash = (byte: number): boolean => byte === hyphen || byte === plus;
const mostDashes = 80;

/** Whether its length stands before it, in one byte or in four: what follows belongs to the next value. */
function isCounted(at: (back: number) => number, length: number): boolean {
  const [first, ...others] = [1, 2, 3, 4].map((back) => at(length + back));
  if (first === length && (others[0] === 0 || (length < 0x20 && ![0x09, 0x0a, 0x0d].includes(length))))
    return true;
  return first === 0 && others.join() === `0,0,${length}`;
}

/** @param at the byte so many back from the end of what was read; -1 before the field */
function beginsWord(at: (back: number) => number, needleLength: number): boolean {
  let length = needleLength;
  while (isDash(at(length + 1))) {
    length += 1;
    if (length > needleLength + mostDashes) return true;
  }
  const before = at(length + 1);
  if (before < 0 || !isLocal(before)) return true;
  const second = at(length + 2);
  if (before === 0x25 && second === 0x25) return true;
  const third = at(length + 3);
  // Written in another way: %3c, =3d, \n, \u003c.
  if (isHex(before) && isHex(second) && (third === 0x25 || third === 0x3d)) return true;
  if (second === 0x5c && 'nrtbfv'.includes(String.fromCharCode(before))) return true;
  return isHex(before) && at(length + 5) === 0x75 && at(length + 6) === 0x5c;
}

/** Of hexadecimal digits, as the server writes bytes: whether those before them are no part of the same word. */
function beginsHex(at: (back: number) => number, needleLength: number): boolean {
  const pair = (length: number) =>
    String.fromCharCode(Math.max(at(length + 2), 0), Math.max(at(length + 1), 0));
  let length = needleLength;
  while (isDash(Number.parseInt(pair(length), 16)) && length < needleLength + 2 * mostDashes) length += 2;
  const digits = pair(length);
  const before = Number.parseInt(digits, 16);
  return !/^[\da-f]{2}$/.test(digits) || !isLocal(before >= 0x41 && before <= 0x5a ? before + 0x20 : before);
}

/** Behind a hyphen it may be another (`x-ann`), which a person has to see; what stands behind a `+` is whole. */
const beginsWrapped: typeof beginsWord = (at, needleLength) => {
  const before = at(needleLength + 1);
  if (before !== hyphen) return before === plus || beginsWord(at, needleLength);
  for (let back = needleLength + 2; back < needleLength + 64; back += 1) {
    const byte = at(back);
    if (byte === plus || byte === equals) return false;
    // A number that the sender counts by.
    if ((byte >= 0x30 && byte <= 0x39) || byte < 0 || !isLocal(byte)) return true;
  }
  return true;
};

/** A name that was found, and what comes behind it. */
interface OpenWord {
  readonly form: ResidueForm;
  /** What stands behind a full stop; undefined before one. */
  readonly label: string | undefined;
  /** Hyphens stand behind it, with which a domain may go on and not end: `-->`. */
  readonly isDashed?: true;
  /** A backslash stands behind it: of a regular expression, whose domain goes on with `\.` alone. */
  readonly isEscaped?: true;
}

/** A domain goes on with a letter, a digit or a hyphen, or with a full stop and one of them; a file's ending is none. */
function stillOpen(word: OpenWord, byte: number, note: (form: ResidueForm) => void): readonly OpenWord[] {
  const { form, label } = word;
  if (byte === backslash && form === 'escaped' && label === undefined)
    return [{ form, label, isEscaped: true }];
  if (word.isEscaped === true && byte !== 0x2e) {
    note(form);
    return [];
  }
  if (byte === hyphen && label === undefined) return [{ form, label, isDashed: true }];
  if (isAlnum(byte)) {
    if (label === undefined || label.length === longestExtension) return [];
    return [{ form, label: label + String.fromCharCode(byte) }];
  }
  if (byte === hyphen && label !== '') return [];
  if (!isComplete(word)) return [];
  if (byte === 0x2e && label !== '' && word.isDashed !== true) return [{ form, label: '' }];
  note(form);
  return [];
}

const isComplete = ({ label = '' }: OpenWord): boolean => label === '' || isFileExtension(label);

function holdsWord(text: string, name: string): boolean {
  for (let from = text.indexOf(name); from >= 0; from = text.indexOf(name, from + 1)) {
    const behind = text.slice(from + name.length);
    const begins = /(?:^|[^a-z0-9._%+-]|%%)[+-]*$/.test(text.slice(Math.max(from - mostDashes - 1, 0), from));
    const [, label] = /^\.([a-z0-9-]+)/.exec(behind) ?? [];
    const ends = label === undefined ? !/^-*[a-z0-9]/.test(behind) : isFileExtension(label);
    if (begins && ends) return true;
  }
  return false;
}
