// oxlint-disable no-control-regex -- bytes are what it looks at
/** What no text has, and formats of programs do. */
const control = /[\x00-\x08\x0b\x0c\x0e-\x1f]/;
// oxlint-enable no-control-regex

/**
 * Asked from left to right: where strings end that a place stands in, by the length that stands before them, as pickle,
 * Protocol Buffers, BSON and the like have it, in one byte or in four of either order. The next value follows without
 * anything between.
 * @param text bytes (latin1)
 */
export function countedStrings(text: string): (at: number) => readonly number[] {
  if (!control.test(text)) return () => [];
  const isPickle = text.startsWith('\x80');
  let seen = 0;
  let last = -1;
  const byte = (index: number): number => text.charCodeAt(index);
  return (at) => {
    for (; seen < at; seen += 1) if (isSign(byte(seen), isPickle)) last = seen;
    if (last < 0) return [];
    const four = byte(last - 3) + byte(last - 2) * 2 ** 8 + byte(last - 1) * 2 ** 16 + byte(last) * 2 ** 24;
    const lengths = [
      { start: last + 1, length: byte(last) },
      { start: last + 1, length: four },
      // A length above 31 is a printable character; before it stands what kind of value it is.
      ...(isOperation(byte(last)) ? [{ start: last + 2, length: byte(last + 1) }] : []),
    ];
    return lengths.flatMap(({ start, length }) => {
      const end = start + length;
      return start <= at && end > at && end <= text.length ? [end] : [];
    });
  };
}

const shortString = 0x8c;

/** Ends of lines and tabs are characters of a text, and so are bytes above ASCII; of pickle, one tells a short string. */
const isSign = (code: number, isPickle: boolean): boolean =>
  (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) || (isPickle && code === shortString);

/** A field of Protocol Buffers (wire type 2); a short string of pickle. */
const isOperation = (code: number): boolean => code === shortString || code % 8 === 2;
