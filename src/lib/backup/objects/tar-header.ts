// POSIX.1-2001 (pax) interchange format, §"pax Interchange Format" and §"ustar Interchange Format": two kinds of
// 512-byte blocks are all that we need of it, and every tar program reads them. The offset of every byte is known
// before it is written, which the index needs.
import { integrityError } from '../../base/error.ts';

const blockSize = 512;

/** One object as a member of the archive. */
export interface TarMember {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly modified: Date;
  /** Extended attributes of the file, which `tar --xattrs` restores, and others pass over: `{mime_type: 'text/plain'}`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** GNU tar, bsdtar and Python know this vendor's keyword as an extended attribute; of others, GNU tar would complain. */
const attributeKeyword = 'SCHILY.xattr.user.';
/** The largest size that eleven octal digits can tell. */
const largestOctal = 8 ** 11 - 1;

/** What stands in front of a member's bytes; a multiple of 512 bytes. */
export function tarHead({ name, size, modified, attributes }: TarMember): Buffer {
  const records: [string, string][] = Object.entries(attributes).map(([key, value]) => [
    attributeKeyword + key,
    value,
  ]);
  if (!/^[ -~]{1,100}$/.test(name)) records.push(['path', name]);
  if (size > largestOctal) records.push(['size', String(size)]);
  const time = Math.max(0, Math.floor(modified.getTime() / 1000));
  const extended = Buffer.concat(records.map(paxRecord));
  const member = ustarBlock(plainName(name), { size: size > largestOctal ? 0 : size, time, type: '0' });
  if (records.length === 0) return member;
  return Buffer.concat([
    ustarBlock('././@PaxHeader', { size: extended.byteLength, time, type: 'x' }),
    extended,
    Buffer.alloc(paddingOf(extended.byteLength)),
    member,
  ]);
}

/** Zeros behind a member's bytes. */
export function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

/** Two blocks of zeros end an archive. */
export const tarEnd: Buffer = Buffer.alloc(2 * blockSize);

/** For programs that do not read the extended header. */
function plainName(name: string): string {
  return name.replaceAll(/[^ -~]/g, '_').slice(0, 100);
}

function ustarBlock(
  name: string,
  { size, time, type }: { readonly size: number; readonly time: number; readonly type: '0' | 'x' },
): Buffer {
  const block = Buffer.alloc(blockSize);
  const octal = (value: number, at: number, digits: number): void => {
    block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  };
  block.write(name, 0, 'latin1');
  octal(0o600, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(time, 136, 11);
  block.write(type, 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.write(`${checksumOf(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** The sum of all bytes, its own field counted as blanks. */
function checksumOf(block: Buffer): number {
  return block.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 0x20 : byte), 0);
}

/** `LENGTH KEYWORD=VALUE\n`, where the length counts itself. */
function paxRecord([keyword, value]: readonly [string, string]): Buffer {
  const rest = Buffer.from(` ${keyword}=${value}\n`);
  let length = rest.byteLength + 1;
  while (String(length).length + rest.byteLength > length) length += 1;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/**
 * Reads what `tarHead` wrote.
 * @throws {PosternError} exit 5, `tar-malformed`
 */
export function parseTarHead(head: Buffer): Omit<TarMember, 'modified'> {
  const block = head.subarray(head.byteLength - blockSize);
  const isExtended = head.byteLength > blockSize;
  if (head.byteLength < blockSize || head.byteLength % blockSize !== 0) throw malformed();
  checkBlock(block, '0');
  const records = new Map<string, string>();
  if (isExtended) {
    checkBlock(head.subarray(0, blockSize), 'x');
    const size = octalAt(head, 124);
    for (const [keyword, value] of paxRecords(head.subarray(blockSize, blockSize + size)))
      records.set(keyword, value);
  }
  return {
    name: records.get('path') ?? block.toString('latin1', 0, 100).replace(/\0.*$/s, ''),
    size: Number(records.get('size') ?? octalAt(block, 124)),
    attributes: Object.fromEntries(
      [...records]
        .filter(([keyword]) => keyword.startsWith(attributeKeyword))
        .map(([keyword, value]) => [keyword.slice(attributeKeyword.length), value]),
    ),
  };
}

function checkBlock(block: Buffer, type: '0' | 'x'): void {
  const isHeader =
    block.toString('latin1', 257, 262) === 'ustar' && block.toString('latin1', 156, 157) === type;
  if (!isHeader || Number.parseInt(block.toString('latin1', 148, 154), 8) !== checksumOf(block))
    throw malformed();
}

function octalAt(block: Buffer, at: number): number {
  const text = block.toString('latin1', at, at + 11);
  if (!/^[0-7]{11}$/.test(text)) throw malformed();
  return Number.parseInt(text, 8);
}

function* paxRecords(bytes: Buffer): Generator<readonly [string, string]> {
  for (let at = 0; at < bytes.byteLength; ) {
    const [, digits = ''] = /^(\d{1,9}) /.exec(bytes.toString('latin1', at, at + 10)) ?? [];
    const end = at + Number(digits);
    const text = bytes.toString('utf8', at + digits.length + 1, end);
    const equals = text.indexOf('=');
    if (digits === '' || end > bytes.byteLength || equals < 1 || !text.endsWith('\n')) throw malformed();
    yield [text.slice(0, equals), text.slice(equals + 1, -1)];
    at = end;
  }
}

function malformed(): Error {
  return integrityError('a header of the archive of mail objects is not what it must be', {
    code: 'tar-malformed',
  });
}
