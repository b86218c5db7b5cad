/**
 * Reads the parameters (`user`, `database`, `application_name`…) out of what a PostgreSQL client sends first, after
 * any request for encryption that the server has refused (PostgreSQL, "Message Formats": StartupMessage, SSLRequest).
 * @returns undefined when more bytes are needed; an empty map for what is no start-up packet (TLS, HTTP, a cancel)
 */
export function readStartupPacket(bytes: Buffer): ReadonlyMap<string, string> | undefined {
  let start = 0;
  while (bytes.length - start >= 8) {
    const length = bytes.readUInt32BE(start);
    const code = bytes.readUInt32BE(start + 4);
    if (length === 8 && (code === sslRequest || code === gssRequest)) {
      start += 8;
      continue;
    }
    if (code >>> 16 !== protocolMajor || length < 9 || length > 10_000) return new Map();
    if (bytes.length - start < length) return undefined;
    return pairs(bytes.subarray(start + 8, start + length));
  }
  return undefined;
}

const sslRequest = 80_877_103;
const gssRequest = 80_877_104;
const protocolMajor = 3;

function pairs(body: Buffer): ReadonlyMap<string, string> {
  const words = body.toString('utf8').split('\0');
  const found = new Map<string, string>();
  for (let at = 0; at + 1 < words.length && words[at] !== ''; at += 2) {
    found.set(words[at] as string, words[at + 1] as string);
  }
  return found;
}
