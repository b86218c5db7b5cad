/** Decodes what stands in lines of base64, as parts of messages do (RFC 2045 §6.8), out of text that comes in chunks. */
export interface Base64Lines {
  feed(chunk: Uint8Array): void;
  /** Ends the text, and begins anew. */
  end(): void;
}

const newline = 0x0a;
const carriageReturn = 0x0d;
/** A shorter line is a word; the last one of a part may be shorter. */
const shortestLine = 20;
/** No line of a message is as long (RFC 5322 §2.1.1): one that is, is left to the needles. */
const longestLine = 64 * 1024;
/** Characters. */
const decodedAtOnce = 16 * 1024;
const whole = /^[A-Za-z0-9+/]+={0,2}$/;

/** @param onPart is given what was decoded, line by line */
export function base64Lines(onPart: (bytes: Uint8Array) => void): Base64Lines {
  let rest = nothing;
  /** Lines of a part that are not decoded yet. */
  let encoded = '';
  let isPart = false;
  /** Whole groups of four; the last one may go on in the next line. */
  const decode = (length: number): void => {
    if (length > 0) onPart(Buffer.from(encoded.slice(0, length), 'base64'));
    encoded = encoded.slice(length);
  };
  /** What comes behind is a part of its own: no name begins in one and ends in the other. */
  const endPart = (): void => {
    if (!isPart) return;
    decode(encoded.length);
    onPart(separator);
    isPart = false;
  };
  const line = (bytes: Buffer): void => {
    const end = bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length;
    const text =
      bytes.length > longestLine || (!isPart && end < shortestLine) ? '' : bytes.toString('latin1', 0, end);
    if (!whole.test(text)) return endPart();
    isPart = true;
    encoded += text;
    if (text.endsWith('=')) return endPart();
    if (encoded.length > decodedAtOnce) decode(encoded.length - (encoded.length % 4));
    return undefined;
  };
  return {
    feed: (chunk) => {
      const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      let start = 0;
      for (let at = text.indexOf(newline); at >= 0; at = text.indexOf(newline, start)) {
        const own = text.subarray(start, at);
        line(rest.length === 0 ? own : Buffer.concat([rest, own]));
        rest = nothing;
        start = at + 1;
      }
      if (start === text.length) return;
      rest = Buffer.concat([rest, text.subarray(start)]);
      if (rest.length <= longestLine) return;
      rest = nothing;
      endPart();
    },
    end: () => {
      line(rest);
      rest = nothing;
      endPart();
    },
  };
}

const nothing: Buffer = Buffer.alloc(0);
const separator = Buffer.from([newline]);
