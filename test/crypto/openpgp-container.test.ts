import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import {
  createMessage,
  decrypt,
  encrypt,
  enums,
  generateKey,
  readKey,
  readMessage,
  readPrivateKey,
  revokeKey,
} from 'openpgp';
import { beforeAll, describe, expect, it } from 'vitest';
import { ExitCode } from '../../src/lib/base/exit-code.ts';
import { beginMessage, describeMessage, openMessage } from '../../src/lib/crypto/openpgp-container.ts';
import { partialSize } from '../../src/lib/crypto/openpgp-framing.ts';
import { generateKeyPair, readRecipient, readSecretKey } from '../../src/lib/crypto/openpgp-key.ts';
import type { Recipient } from '../../src/lib/crypto/openpgp-recipient.ts';
import type { SecretKey } from '../../src/lib/crypto/openpgp-secret-key.ts';

const corrupt = expect.objectContaining({ exitCode: ExitCode.integrity, code: 'container-corrupt' });
const notForUs = expect.objectContaining({ exitCode: ExitCode.failure, code: 'not-for-these-keys' });
const unsupported = expect.objectContaining({ exitCode: ExitCode.failure, code: 'unsupported-container' });

interface Person {
  readonly recipient: Recipient;
  readonly secret: SecretKey;
  readonly publicKey: string;
  readonly secretKey: string;
}

let operations: Person;
let offline: Person;
let stranger: Person;
beforeAll(async () => {
  [operations, offline, stranger] = await Promise.all([
    person('operations'),
    person('offline'),
    person('stranger'),
  ]);
});

async function person(name: string): Promise<Person> {
  const { publicKey, secretKey } = await generateKeyPair({
    name,
    email: `${name}@example.org`,
    purpose: 'encrypt',
  });
  const recipient = await readRecipient(publicKey, new Date());
  return { recipient, secret: await readSecretKey(secretKey), publicKey, secretKey };
}

async function seal(
  content: Uint8Array,
  recipients = [operations.recipient, offline.recipient],
): Promise<Buffer> {
  const writer = await beginMessage(recipients);
  return Buffer.concat([...writer.write(content), ...writer.finish()]);
}

function withByte(message: Uint8Array, offset: number, value: number): Buffer {
  const changed = Buffer.from(message);
  changed[offset] = value;
  return changed;
}

/** A packet of definite length in the new format. */
function packet(tag: number, ...body: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(body);
  const length = Buffer.alloc(5, 0xff);
  length.writeUInt32BE(content.length, 1);
  return Buffer.concat([Uint8Array.of(0xc0 | tag), length, content]);
}

/** Around every change of a length's encoding, and around our partials inside and outside the encryption. */
const sizes = [
  [
    0, 1, 143, 144, 145, 185, 186, 187, 511, 512, 513, 8_335, 8_336, 8_337, 8_377, 8_378, 8_379, 65_535,
    65_536,
  ],
  [-53, -52, -51, -7, -6, -5, -1, 0, 1].map((offset) => partialSize + offset),
  [-60, -59, -58, -57, -56, -55, -54, -53, -52, -6, 0].map((offset) => 2 * partialSize + offset),
  [5 * partialSize],
].flat();

describe('a message', () => {
  it.each(sizes)('of %i bytes opens for each recipient, and with openpgp.js', async (size) => {
    const content = randomBytes(size);
    const message = await seal(content);
    for (const { secret } of [operations, offline]) {
      expect(content.equals(await openMessage(message, [secret]))).toBe(true);
    }
    const { data } = await decrypt({
      message: await readMessage({ binaryMessage: Uint8Array.from(message) }),
      decryptionKeys: operations.secret.key,
      format: 'binary',
    });
    expect(content.equals(data as Uint8Array)).toBe(true);
  });

  it('does not depend on how the content was cut, nor on what becomes of the pieces', async () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 700_000 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(cuts, async (lengths) => {
        const writer = await beginMessage([operations.recipient]);
        const contents: Buffer[] = [];
        const written: Uint8Array[] = [];
        for (const length of lengths) {
          const piece = randomBytes(length);
          contents.push(Buffer.from(piece));
          written.push(...writer.write(piece));
          piece.fill(0);
        }
        written.push(...writer.finish());
        const opened = await openMessage(Buffer.concat(written), [operations.secret]);
        expect(Buffer.concat(contents).equals(opened)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('is sent as it grows: never more than two partials are held back', async () => {
    const writer = await beginMessage([operations.recipient]);
    let given = 0;
    let sent = 0;
    for (let i = 0; i < 100; i++) {
      given += 100_000;
      sent += writer.write(Buffer.alloc(100_000)).reduce((sum, chunk) => sum + chunk.byteLength, 0);
      expect(given - sent).toBeLessThan(2 * partialSize + 100_000);
    }
  });

  it('names its recipients without a secret key', async () => {
    const message = await seal(Buffer.from('content'));
    expect(describeMessage(message)).toEqual({
      recipientKeyIds: [operations.recipient.encryptionKeyId, offline.recipient.encryptionKeyId],
      size: message.byteLength,
    });
  });

  it('never repeats: the same content gives other bytes', async () => {
    const content = Buffer.alloc(100);
    const [first, second] = await Promise.all([seal(content), seal(content)]);
    expect(first.subarray(-122).equals(second.subarray(-122))).toBe(false);
  });

  it('is opened by its own writer before it is sent, and no other message is', async () => {
    const writer = await beginMessage([operations.recipient]);
    const content = randomBytes(100_000);
    const message = Buffer.concat([...writer.write(content), ...writer.finish()]);
    expect(content.equals(await writer.opener()(message))).toBe(true);
    await expect(writer.opener()(await seal(content, [operations.recipient]))).rejects.toThrow(corrupt);
  });

  it('needs a recipient', async () => {
    await expect(beginMessage([])).rejects.toMatchObject({
      exitCode: ExitCode.usage,
      code: 'recipients-missing',
    });
  });

  it('takes nothing after its end', async () => {
    const writer = await beginMessage([operations.recipient]);
    writer.finish();
    expect(() => writer.write(Buffer.from('more'))).toThrow('finished');
    expect(() => writer.finish()).toThrow('finished');
  });
});

describe('openMessage', () => {
  it('refuses the key of somebody else, and names the keys that it needs', async () => {
    const message = await seal(Buffer.from('content'));
    await expect(openMessage(message, [stranger.secret])).rejects.toThrow(notForUs);
    await expect(openMessage(message, [])).rejects.toThrow(offline.recipient.encryptionKeyId);
    expect(Buffer.from(await openMessage(message, [stranger.secret, offline.secret])).toString()).toBe(
      'content',
    );
  });

  it('opens with a key that was revoked, or has expired, since', async () => {
    const message = await seal(Buffer.from('content'));
    const key = await readPrivateKey({ armoredKey: operations.secretKey });
    const { privateKey } = await revokeKey({ key, format: 'object' });
    const revoked = await readSecretKey(privateKey.armor());
    expect(Buffer.from(await openMessage(message, [revoked])).toString()).toBe('content');

    const past = new Date('2020-01-01');
    const old = await generateKeyPair({
      name: 'old',
      email: 'old@example.org',
      purpose: 'encrypt',
      now: past,
      expiresInDays: 1,
    });
    const oldMessage = await seal(Buffer.from('old'), [await readRecipient(old.publicKey, past)]);
    expect(Buffer.from(await openMessage(oldMessage, [await readSecretKey(old.secretKey)])).toString()).toBe(
      'old',
    );
  });

  it.each(['x25519', 'rsa', 'nistP256'] as const)('works for a recipient with a %s key', async (kind) => {
    const types = {
      x25519: { type: 'curve25519' },
      rsa: { type: 'rsa', rsaBits: 2048 },
      nistP256: { type: 'ecc', curve: 'nistP256' },
    } as const;
    const { privateKey, publicKey } = await generateKey({
      ...types[kind],
      userIDs: { email: 'a@example.org' },
      format: 'object',
    });
    const message = await seal(Buffer.from('content'), [await readRecipient(publicKey.armor(), new Date())]);
    const secret = await readSecretKey(privateKey.armor());
    expect(Buffer.from(await openMessage(message, [secret])).toString()).toBe('content');
  });

  it.each([
    ['plain', {}],
    ['for a hidden recipient', { wildcard: true }],
    ['ZIP-compressed', { config: { preferredCompressionAlgorithm: enums.compression.zip } }],
    ['ZLIB-compressed', { config: { preferredCompressionAlgorithm: enums.compression.zlib } }],
  ])("opens openpgp.js's message: %s", async (_name, options) => {
    const content = Buffer.alloc(300_000, 'mail');
    const { privateKey, publicKey } = await generateKey({
      userIDs: { email: 'a@example.org' },
      format: 'object',
      ...('config' in options ? { config: options.config } : {}),
    });
    const message = await encrypt({
      message: await createMessage({ binary: content, filename: 'part.sql', date: new Date() }),
      encryptionKeys: [publicKey, await readKey({ armoredKey: stranger.publicKey })],
      format: 'binary',
      ...options,
    });
    const opened = await openMessage(message, [offline.secret, await readSecretKey(privateKey.armor())]);
    expect(content.equals(opened)).toBe(true);
  });

  it('says that it cannot open AEAD, instead of calling it corrupt', async () => {
    const config = { aeadProtect: true };
    const { privateKey, publicKey } = await generateKey({
      userIDs: { email: 'a@example.org' },
      format: 'object',
      config,
    });
    const message = await encrypt({
      message: await createMessage({ binary: Buffer.from('content') }),
      encryptionKeys: publicKey,
      format: 'binary',
      config,
    });
    const secret = await readSecretKey(privateKey.armor());
    await expect(openMessage(message, [secret])).rejects.toThrow(unsupported);
    await expect(openMessage(packet(20, Buffer.alloc(60)), [secret])).rejects.toThrow(unsupported);
    await expect(openMessage(packet(9, Buffer.alloc(60)), [secret])).rejects.toThrow(unsupported);
  });

  it('says that it cannot open a signed message', async () => {
    const message = await encrypt({
      message: await createMessage({ binary: Buffer.from('content') }),
      encryptionKeys: await readKey({ armoredKey: operations.publicKey }),
      signingKeys: operations.secret.key,
      format: 'binary',
    });
    await expect(openMessage(message, [operations.secret])).rejects.toThrow(unsupported);
  });
});

describe('a changed message', () => {
  const content = Buffer.from('the content of a small part');

  it('is never opened by its writer, whichever byte was changed to whatever value', async () => {
    const writer = await beginMessage([operations.recipient, offline.recipient]);
    const message = Buffer.concat([...writer.write(content), ...writer.finish()]);
    const open = writer.opener();
    for (let offset = 0; offset < message.length; offset++) {
      for (let value = 0; value < 256; value++) {
        if (value === message[offset]) continue;
        await expect(open(withByte(message, offset, value)), `byte ${offset} = ${value}`).rejects.toThrow(
          corrupt,
        );
      }
    }
  });

  it('is opened by a recipient only where OpenPGP protects nothing: the packet of the other one', async () => {
    const message = await seal(content);
    const first = 2 + (message[1] as number);
    const encrypted = first + 2 + (message[first + 1] as number);
    const undetected = new Set<string>();
    for (let offset = 0; offset < message.length; offset++) {
      const isHeader = offset === 0 || offset === first || offset === encrypted;
      const values = isHeader
        ? Array.from({ length: 256 }, (_, value) => value)
        : [...Array.from({ length: 8 }, (_, bit) => (message[offset] as number) ^ (1 << bit)), 0, 255];
      for (const value of values) {
        if (value === message[offset]) continue;
        const outcome = await openMessage(withByte(message, offset, value), [operations.secret]).catch(
          (error: unknown) => error,
        );
        if (outcome instanceof Error) {
          expect([ExitCode.integrity, ExitCode.failure]).toContain(
            (outcome as { exitCode?: number }).exitCode,
          );
          continue;
        }
        expect(content.equals(outcome as Uint8Array)).toBe(true);
        if (offset < first || offset >= encrypted) undetected.add(`byte ${offset} = ${value}`);
      }
    }
    // 0x84 is 0xc1 in the old packet format: the same tag, the same length.
    expect([...undetected]).toEqual(['byte 0 = 132']);
  });

  it.each([40, 600, partialSize + 40])(
    'of %i bytes is never opened when it is cut short, or made longer',
    async (size) => {
      const writer = await beginMessage([operations.recipient]);
      const message = Buffer.concat([...writer.write(Buffer.alloc(size)), ...writer.finish()]);
      const lengths =
        size < 1000
          ? Array.from({ length: message.length }, (_, length) => length)
          : [
              0,
              1,
              2,
              95,
              96,
              97,
              98,
              114,
              partialSize,
              partialSize + 98,
              message.length - 1,
              message.length - 22,
            ];
      for (const length of lengths) {
        await expect(openMessage(message.subarray(0, length), [operations.secret])).rejects.toThrow(corrupt);
      }
      for (const tail of [
        Uint8Array.of(0),
        Uint8Array.of(0xd2),
        message,
        packet(11, Buffer.from('b\0\0\0\0\0more')),
      ]) {
        await expect(openMessage(Buffer.concat([message, tail]), [operations.secret])).rejects.toThrow(
          corrupt,
        );
      }
    },
  );

  it('is not opened with its session key packets in front of another content', async () => {
    const [one, two] = await Promise.all([seal(content), seal(content)]);
    const start = 2 + (one[1] as number) + 2 + (one[2 + (one[1] as number) + 1] as number);
    const mixed = Buffer.concat([one.subarray(0, start), two.subarray(start)]);
    await expect(openMessage(mixed, [operations.secret])).rejects.toThrow(corrupt);
  });
});

describe('the packet parser', () => {
  const answersOrRefuses = async (data: Uint8Array) => {
    const outcome = await openMessage(data, [operations.secret]).catch((error: unknown) => error);
    expect(outcome).toMatchObject({
      code: expect.stringMatching(/^(container-corrupt|unsupported-container|not-for-these-keys)$/),
    });
  };

  it('answers random bytes with one of its errors', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), answersOrRefuses), {
      numRuns: 2_000,
    });
  });

  it('answers random packets with one of its errors', async () => {
    const packets = fc.array(
      fc.tuple(fc.constantFrom(1, 3, 8, 9, 10, 11, 18, 20, 21), fc.uint8Array({ maxLength: 80 })),
    );
    await fc.assert(
      fc.asyncProperty(packets, (list) =>
        answersOrRefuses(Buffer.concat(list.map(([tag, body]) => packet(tag, body)))),
      ),
      { numRuns: 1_000 },
    );
  });

  it('answers a damaged message with its content or one of its errors', async () => {
    const message = await seal(Buffer.alloc(700));
    const damage = fc.array(fc.tuple(fc.nat(message.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(message.length), async (changes, length) => {
        const changed = changes.reduce((data, [offset, value]) => withByte(data, offset, value), message);
        const outcome = await openMessage(changed.subarray(0, length), [operations.secret]).catch(
          (error: unknown) => error,
        );
        if (outcome instanceof Error) expect(outcome).toHaveProperty('exitCode');
        else expect(Buffer.alloc(700).equals(outcome as Uint8Array)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a file cut into a million parts before it runs out of memory', async () => {
    const parts = Buffer.alloc(514 + 2 * 1_100_000);
    parts.set([0xd2, 0xe9]);
    for (let offset = 514; offset < parts.length; offset += 2) parts[offset] = 0xe0;
    await expect(openMessage(parts, [operations.secret])).rejects.toThrow('too many parts');
  });

  it('refuses a first part under 512 bytes, and partial lengths for packets that may have none', async () => {
    await expect(openMessage(Buffer.from([0xd2, 0xe8, ...Buffer.alloc(300)]), [])).rejects.toThrow(
      'too short',
    );
    await expect(openMessage(Buffer.from([0xc1, 0xe9, ...Buffer.alloc(600)]), [])).rejects.toThrow(
      'fixed length',
    );
  });

  it('reads a length of 2^32 − 1 as what it is', async () => {
    await expect(openMessage(Buffer.from('d2ffffffffff01', 'hex'), [])).rejects.toThrow(
      '4294967294 bytes too early',
    );
  });
});
