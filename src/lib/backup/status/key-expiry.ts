import { readPackets } from '../../crypto/openpgp-packet.ts';

/**
 * When messages can no longer be made for a public key: the end of the primary key, or of the last subkey that
 * encrypts. It reads what the file says and checks no signature: `backup run` does, and this must start fast.
 * Source: RFC 9580 §5.2.3.13 (key expiration time), §5.2.3.29 (key flags).
 * @returns undefined when it never ends, or when the file is no key that this can read
 */
export function keyEnd(armored: string): Date | undefined {
  try {
    return endOf(parts(unarmor(armored)));
  } catch {
    return undefined;
  }
}

/** A primary key or a subkey, with what its own signatures say of it. */
interface KeyPart {
  readonly kind: 'primary' | 'subkey';
  /** Seconds since 1970. */
  readonly created: number;
  readonly signatures: {
    readonly made: number;
    readonly lifetime: number;
    readonly flags: number | undefined;
  }[];
}

const tag = { signature: 2, primary: 6, subkey: 14, userId: 13 } as const;
/** Of a user id, of the key itself; of a subkey. */
const selfSignatures: readonly number[] = [0x10, 0x11, 0x12, 0x13, 0x1f, 0x18];
const encrypts = 0x04 | 0x08;

function endOf(all: readonly KeyPart[]): Date | undefined {
  const primary = all.find(({ kind }) => kind === 'primary');
  if (primary === undefined) return undefined;
  const subkeys = all.filter((part) => part.kind === 'subkey' && canEncrypt(part)).map(end);
  const last = subkeys.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...subkeys);
  const seconds = Math.min(end(primary), last);
  return Number.isFinite(seconds) ? new Date(seconds * 1000) : undefined;
}

function newest({ signatures }: KeyPart): KeyPart['signatures'][number] | undefined {
  return signatures.toSorted((a, b) => b.made - a.made)[0];
}

function canEncrypt(part: KeyPart): boolean {
  const flags = newest(part)?.flags;
  return flags === undefined || (flags & encrypts) !== 0;
}

function end(part: KeyPart): number {
  const lifetime = newest(part)?.lifetime ?? 0;
  return lifetime === 0 ? Number.POSITIVE_INFINITY : part.created + lifetime;
}

function parts(data: Uint8Array): readonly KeyPart[] {
  const found: KeyPart[] = [];
  for (const { tag: kind, pieces } of readPackets(data)) {
    const body = Buffer.concat(pieces);
    if (kind === tag.primary || kind === tag.subkey) {
      found.push({
        kind: kind === tag.primary ? 'primary' : 'subkey',
        created: body.readUInt32BE(1),
        signatures: [],
      });
    } else if (kind === tag.signature && selfSignatures.includes(body[1] ?? 0)) {
      found.at(-1)?.signatures.push(readSignature(body));
    }
  }
  return found;
}

/** The hashed subpackets of a signature of version 4 or 6 (RFC 9580 §5.2.3). */
function readSignature(body: Buffer): KeyPart['signatures'][number] {
  const isLong = body[0] === 6;
  const start = isLong ? 8 : 6;
  const length = isLong ? body.readUInt32BE(4) : body.readUInt16BE(4);
  const area = body.subarray(start, start + length);
  let [made, lifetime, flags]: [number, number, number | undefined] = [0, 0, undefined];
  for (let at = 0; at < area.length; ) {
    const { size, next } = subpacketLength(area, at);
    const type = (area[next] ?? 0) & 0x7f;
    if (type === 2) made = area.readUInt32BE(next + 1);
    if (type === 9) lifetime = area.readUInt32BE(next + 1);
    if (type === 27) flags = size > 1 ? area[next + 1] : 0;
    at = next + size;
  }
  return { made, lifetime, flags };
}

function subpacketLength(area: Buffer, at: number): { readonly size: number; readonly next: number } {
  const first = area[at] ?? 0;
  if (first < 192) return { size: Math.max(1, first), next: at + 1 };
  if (first < 255) return { size: ((first - 192) << 8) + (area[at + 1] ?? 0) + 192, next: at + 2 };
  return { size: area.readUInt32BE(at + 1), next: at + 5 };
}

/** The bytes of the first armored block (RFC 9580 §6): what stands between the empty line and the checksum. */
function unarmor(text: string): Uint8Array {
  const lines = text.split(/\r?\n/).map((line) => line.trimEnd());
  const begin = lines.findIndex((line) => /^-----BEGIN PGP .*-----$/.test(line));
  const empty = lines.indexOf('', begin);
  const body = lines.slice(empty + 1);
  const stop = body.findIndex((line) => line.startsWith('=') || line.startsWith('-----'));
  return Buffer.from(body.slice(0, stop === -1 ? undefined : stop).join(''), 'base64');
}
