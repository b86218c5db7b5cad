import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { beginMessage } from '../../src/lib/crypto/openpgp-container.ts';
import { generateKeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { readMessageContent } from '../../src/lib/crypto/openpgp-message-reader.ts';
import { readRecipient } from '../../src/lib/crypto/openpgp-recipient.ts';
import {
  type Archive,
  type ArchiveOptions,
  openArchive,
} from '../../src/lib/subject/export/archive/archive.ts';
import { openSpool } from '../../src/lib/subject/export/archive/spool.ts';
import { readZip } from '../../src/lib/subject/export/zip/reader.ts';
import { zipWriter } from '../../src/lib/subject/export/zip/writer.ts';
import { openGpgHome } from '../crypto/gpg-home.ts';
import { describeUnless, describeWith } from '../support/optional.ts';
import { unzipped } from './export-world.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-archive-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const at = new Date('2026-11-23T10:00:00Z');

const archive = (own: Partial<ArchiveOptions> = {}): Promise<Archive> =>
  openArchive({
    folder,
    fileName: (part) => `out${part ?? ''}.zip`,
    splitAt: undefined,
    sealedFor: undefined,
    at,
    signal: new AbortController().signal,
    manifestHead: { set: 'access' },
    overview: 'index.html',
    sign: () => Promise.resolve(undefined),
    ...own,
  });

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let from = 0; from < bytes.byteLength; from += size) yield bytes.subarray(from, from + size);
}

const drained = async (chunks: AsyncIterable<unknown>): Promise<number> => {
  let count = 0;
  for await (const _ of chunks) count += 1;
  return count;
};

describeWith(['python3'], 'a zip', ({ python3 }) => {
  test('of 70,000 files is one of zip64, which Python reads', async () => {
    const many = await archive({ fileName: () => 'many.zip' });
    for (let n = 0; n < 70_000; n += 1) await many.add(`a/${n}.txt`, String(n));
    const growing = many.create('large.txt');
    for (let n = 0; n < 1000; n += 1) await growing.write('line of text\n'.repeat(100));
    await growing.close();
    await many.prove();
    const [part] = await many.publish();
    expect(part?.files).toBe(70_001);
    const files = unzipped(python3, join(folder, 'many.zip'));
    expect(files.size).toBe(70_002);
    expect(files.get('a/69999.txt')?.toString()).toBe('69999');
    expect(files.get('large.txt')?.byteLength).toBe(1_300_000);
    expect(JSON.parse(files.get('manifest.json')?.toString() ?? '')).toMatchObject({
      set: 'access',
      part: 1,
      parts: 1,
    });
  });

  test('of more than 4 GiB is read by Python too', async () => {
    const path = join(folder, 'huge.zip');
    const handle = await open(path, 'w');
    const size = 2 ** 32 + 10;
    let position = 0;
    // Zeros are left as a hole of the file.
    const sink = async (bytes: Uint8Array) => {
      if (bytes.byteLength < 2 ** 20) await handle.write(bytes, 0, bytes.byteLength, position);
      position += bytes.byteLength;
    };
    const directory = await openSpool(folder);
    const zip = zipWriter(sink, directory, at);
    const zeros = new Uint8Array(2 ** 24);
    async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
      for (let left = size; left > 0; left -= zeros.byteLength)
        yield zeros.subarray(0, Math.min(left, zeros.byteLength));
    }
    const entry = { name: 'zeros', crc32: 0, compressedSize: size, size, method: 'stored' } as const;
    await zip.add(entry, body());
    const small = Buffer.from('behind it');
    await zip.add(
      { name: 'small', crc32: crc32(small), compressedSize: 9, size: 9, method: 'stored' },
      small,
    );
    await zip.finish();
    await directory.close();
    await handle.close();
    const program =
      'import sys, zipfile, json; z = zipfile.ZipFile(sys.argv[1]); print(json.dumps([[i.filename, i.file_size] for i in z.infolist()] + [z.read("small").decode()]))';
    const out = execFileSync(python3, ['-c', program, path]).toString();
    expect(JSON.parse(out)).toEqual([['zeros', size], ['small', 9], 'behind it']);
    await rm(path);
  });
});

describe('what was written is read back', () => {
  async function written(): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    const directory = await openSpool(folder);
    const zip = zipWriter(
      (bytes) => Promise.resolve(void chunks.push(Uint8Array.from(bytes))),
      directory,
      at,
    );
    for (const [name, text] of [
      ['a', 'first'],
      ['b', 'second'.repeat(50)],
    ] as const) {
      const { packed } = await import('../../src/lib/subject/export/archive/growing-file.ts');
      const { entry, body } = await packed(name, Buffer.from(text));
      await zip.add(entry, body);
    }
    await zip.finish();
    await directory.close();
    return Buffer.concat(chunks);
  }

  test('in pieces of any size', async () => {
    const whole = await written();
    for (const size of [1, 3, 1000]) expect(await drained(readZip(pieces(whole, size), at))).toBe(2);
  });

  test('and no changed bit, missing end or addition goes unseen', async () => {
    const whole = await written();
    for (let index = 0; index < whole.byteLength; index += 1) {
      const changed = Buffer.from(whole);
      changed[index] = (changed[index] ?? 0) ^ 1;
      const names = async () => {
        const found: string[] = [];
        for await (const { name, sha256 } of readZip(pieces(changed, 100), at)) found.push(name + sha256);
        return found;
      };
      await expect(names(), `byte ${index}`).rejects.toMatchObject({ code: 'archive-corrupt' });
    }
    await expect(drained(readZip(pieces(whole.subarray(0, -1), 100), at))).rejects.toMatchObject({
      code: 'archive-corrupt',
    });
    await expect(
      drained(readZip(pieces(Buffer.concat([whole, Buffer.alloc(1)]), 100), at)),
    ).rejects.toMatchObject({
      code: 'archive-corrupt',
    });
  });
});

test('what lies on the disk is what counts: bytes that changed there are found before it has a name', async () => {
  const pair = await generateKeyPair({ name: 'Ann', email: 'ann@example.org', purpose: 'encrypt' });
  const recipient = await readRecipient(pair.publicKey, new Date());
  const noise = randomBytes(3 << 20);
  for (const sealedFor of [undefined, { passphrase: 'x' }, { recipient }]) {
    // In the first packet or header, and in the middle of the content.
    for (const position of [30, 40_000, 1_000_000]) {
      const attacked = await archive({
        sealedFor,
        sign: async () => {
          const [name = ''] = (await readdir(folder)).filter((each) => each.startsWith('.postern-export-'));
          const handle = await open(join(folder, name), 'r+');
          while ((await handle.stat()).size < 2 << 20) await setImmediate();
          const byte = Buffer.alloc(1);
          await handle.read(byte, 0, 1, position);
          await handle.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, position);
          await handle.close();
          return undefined;
        },
      });
      await attacked.add('a', noise);
      const code = await attacked.prove().then(
        () => 'proven',
        (error: { readonly code?: string }) => error.code,
      );
      expect(code, `${position}`).toBe('archive-corrupt');
      await attacked.abandon();
      expect((await readdir(folder)).filter((each) => each.startsWith('.postern'))).toEqual([]);
    }
  }
});

describeUnless(process.platform === 'linux' ? undefined : 'needs /proc', 'what waits on the disk', () => {
  test('is read by nobody', async () => {
    const spool = await openSpool(folder);
    await spool.write(Buffer.from('personal'.repeat(100_000)));
    // It has no name any more: the system's list of our open files is the only way to its bytes.
    const deleted = readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return /\.tmp-.*\(deleted\)$/.test(readlinkSync(`/proc/self/fd/${fd}`));
      } catch {
        return false;
      }
    });
    expect(deleted.length).toBeGreaterThan(0);
    for (const fd of deleted) expect(readFileSync(`/proc/self/fd/${fd}`).includes('personal')).toBe(false);
    expect(await readdir(folder)).not.toContainEqual(expect.stringMatching(/^\.tmp-/));
    let text = '';
    for await (const piece of spool.read()) text += Buffer.from(piece).toString();
    expect(text).toBe('personal'.repeat(100_000));
    await spool.close();
  });
});

describe('a message is decrypted as it is read', () => {
  const sessionKey = { algorithm: 9, bytes: Buffer.alloc(32, 7) };
  async function message(content: Uint8Array): Promise<Buffer> {
    const writer = await beginMessage([], { sessionKey });
    return Buffer.concat([...writer.write(content), ...writer.finish()]);
  }
  const read = async (bytes: Uint8Array, size: number): Promise<Buffer> => {
    const found: Uint8Array[] = [];
    for await (const piece of readMessageContent(pieces(bytes, size), sessionKey))
      found.push(Uint8Array.from(piece));
    return Buffer.concat(found);
  };

  test.each([0, 1, 100, 2 ** 20, 3 * 2 ** 20 + 5])('of %i bytes', async (size) => {
    const content = Buffer.alloc(size, 'abc');
    expect((await read(await message(content), 65_536)).equals(content)).toBe(true);
  });

  test('and changed, cut or lengthened ones are refused', async () => {
    const whole = await message(Buffer.from('x'.repeat(300)));
    for (let index = 0; index < whole.byteLength; index += 1) {
      const changed = Buffer.from(whole);
      changed[index] = (changed[index] ?? 0) ^ 1;
      await expect(read(changed, 50), `byte ${index}`).rejects.toMatchObject({ code: 'container-corrupt' });
    }
    for (let end = 0; end < whole.byteLength; end += 1)
      await expect(read(whole.subarray(0, end), 50), `cut to ${end}`).rejects.toMatchObject({
        code: 'container-corrupt',
      });
    await expect(read(Buffer.concat([whole, Buffer.from([0])]), 50)).rejects.toMatchObject({
      code: 'container-corrupt',
    });
  });
});

describeWith(['gpg', 'python3'], 'an encrypted archive', ({ gpg, python3 }) => {
  const made = async (sealedFor: ArchiveOptions['sealedFor'], name: string): Promise<Buffer> => {
    const sealed = await archive({ sealedFor, fileName: () => name });
    await sealed.add('a.txt', 'personal');
    const large = sealed.create('b.txt');
    for (let n = 0; n < 300; n += 1) await large.write(Buffer.alloc(10_000, `${n} `));
    await large.close();
    await sealed.prove();
    await sealed.publish();
    return readFile(join(folder, name));
  };
  const check = async (plain: Buffer) => {
    await writeFile(join(folder, 'plain.zip'), plain);
    const files = unzipped(python3, join(folder, 'plain.zip'));
    expect(files.get('a.txt')?.toString()).toBe('personal');
    expect(files.get('b.txt')?.byteLength).toBe(3_000_000);
  };

  test('opens with a passphrase by gpg, and not with another', async () => {
    const home = openGpgHome(gpg);
    const file = await made({ passphrase: 'gehéim' }, 'p.zip.gpg');
    expect(file.includes('personal')).toBe(false);
    await check(home.must(['--decrypt'], file, 'gehéim'));
    expect(home.run(['--decrypt'], file, 'other').status).not.toBe(0);
    home.close();
  });

  test('opens with the key of its recipient by gpg', async () => {
    const home = openGpgHome(gpg);
    const pair = await generateKeyPair({ name: 'Ann', email: 'ann@example.org', purpose: 'encrypt' });
    home.must(['--import'], pair.secretKey);
    const recipient = await readRecipient(pair.publicKey, new Date());
    await check(home.must(['--decrypt'], await made({ recipient }, 'r.zip.gpg')));
    home.close();
  });
});
