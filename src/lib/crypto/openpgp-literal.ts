import { promisify } from 'node:util';
import { inflate, inflateRaw } from 'node:zlib';
import { containerCorrupt, unsupportedContainer } from './openpgp-container-error.ts';
import { type Packet, readPackets } from './openpgp-packet.ts';
import { PacketTag } from './openpgp-tag.ts';

/** A part is at most 256 MiB; a file that unpacks to more than this is not one of ours. */
const maxInflatedSize = 1 << 30;

const decompressors = new Map([
  [1, promisify(inflateRaw)],
  [2, promisify(inflate)],
]);

/**
 * The content of one literal data packet (RFC 9580 §5.9), or of one inside a ZIP or ZLIB compressed packet, as gpg
 * makes it unless told otherwise. The data is overwritten: the pieces of the content are moved together in it.
 */
export async function readLiteral(data: Uint8Array): Promise<Uint8Array> {
  const packet = onlyPacket(data);
  if (packet.tag !== PacketTag.compressed) return literalContent(packet);
  return literalContent(onlyPacket(await decompress(joinInPlace(packet))));
}

function onlyPacket(data: Uint8Array): Packet {
  const [packet, ...others] = readPackets(data);
  if (packet === undefined) throw containerCorrupt('it holds no content');
  if (others.length > 0)
    throw unsupportedContainer('holds more than one packet of content (a signature, perhaps)');
  return packet;
}

function literalContent(packet: Packet): Uint8Array {
  if (packet.tag !== PacketTag.literal)
    throw unsupportedContainer(`holds a packet of type ${packet.tag}, not data`);
  const body = joinInPlace(packet);
  const nameSize = body[1];
  const contentStart = 6 + (nameSize ?? 0);
  if (nameSize === undefined || body.byteLength < contentStart)
    throw containerCorrupt('its data packet is too short');
  return body.subarray(contentStart);
}

async function decompress(body: Uint8Array): Promise<Uint8Array> {
  const algorithm = body[0];
  const unpack = decompressors.get(algorithm ?? -1);
  if (unpack === undefined) throw unsupportedContainer(`is compressed by OpenPGP's algorithm ${algorithm}`);
  try {
    return await unpack(body.subarray(1), { maxOutputLength: maxInflatedSize });
  } catch (cause) {
    throw containerCorrupt('its compressed content does not unpack', cause);
  }
}

/** The pieces are views of one buffer in rising order, apart by a length octet or a few: moving them down is safe. */
function joinInPlace({ pieces, size }: Packet): Uint8Array {
  const [first, ...rest] = pieces;
  if (first === undefined) throw containerCorrupt('it holds an empty packet');
  if (rest.length === 0) return first;
  const joined = new Uint8Array(first.buffer, first.byteOffset, size);
  let filled = first.byteLength;
  for (const piece of rest) {
    joined.set(piece, filled);
    filled += piece.byteLength;
  }
  return joined;
}
