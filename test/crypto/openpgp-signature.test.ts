import fc from 'fast-check';
import { createMessage, enums, readPrivateKey, revokeKey, sign } from 'openpgp';
import { beforeAll, describe, expect, it } from 'vitest';
import { ExitCode } from '../../src/lib/base/exit-code.ts';
import { generateKeyPair, type KeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { signDetached, verifyDetached } from '../../src/lib/crypto/openpgp-signature.ts';

const start = new Date('2026-03-01T00:00:00Z');
const day = (count: number) => new Date(start.getTime() + count * 86_400_000);
const user = { name: 'Backup', email: 'backup@example.org' };
const data = Buffer.from('{"parts":[]}');
const integrity = (code: string) => expect.objectContaining({ exitCode: ExitCode.integrity, code });

let signer: KeyPair;
let stranger: KeyPair;
let signature: string;
beforeAll(async () => {
  signer = await generateKeyPair({ ...user, purpose: 'sign', now: start, expiresInDays: 30 });
  stranger = await generateKeyPair({ ...user, purpose: 'sign', now: start });
  signature = await signDetached(data, { secretKey: signer.secretKey, now: day(1) });
});

async function revoked(flag: enums.reasonForRevocation, date: Date): Promise<string> {
  const key = await readPrivateKey({ armoredKey: signer.secretKey });
  const { publicKey } = await revokeKey({ key, date, reasonForRevocation: { flag }, format: 'object' });
  return publicKey.armor();
}

describe('verifyDetached', () => {
  it('names the signer and the time', async () => {
    expect(
      await verifyDetached(data, signature, [stranger.publicKey, signer.publicKey], { at: day(2) }),
    ).toEqual({
      fingerprint: signer.fingerprint,
      created: day(1),
    });
  });

  it('accepts no data and a locked key', async () => {
    const locked = await generateKeyPair({ ...user, purpose: 'sign', now: start, passphrase: 'secret' });
    const empty = new Uint8Array();
    const made = await signDetached(empty, {
      secretKey: locked.secretKey,
      passphrase: 'secret',
      now: day(1),
    });
    expect(await verifyDetached(empty, made, [locked.publicKey], { at: day(2) })).toMatchObject({
      fingerprint: locked.fingerprint,
    });
  });

  it('detects every changed bit of the data', async () => {
    for (let bit = 0; bit < data.length * 8; bit++) {
      const changed = Buffer.from(data);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await expect(verifyDetached(changed, signature, [signer.publicKey], { at: day(2) })).rejects.toThrow(
        integrity('signature-invalid'),
      );
    }
  });

  it('detects data cut short and data made longer', async () => {
    for (const changed of [
      data.subarray(1),
      data.subarray(0, -1),
      Buffer.concat([data, Buffer.from('\n')]),
    ]) {
      await expect(verifyDetached(changed, signature, [signer.publicKey], { at: day(2) })).rejects.toThrow(
        integrity('signature-invalid'),
      );
    }
  });

  it('never says anything but the truth about a changed signature', async () => {
    const { unarmor } = await import('openpgp');
    const binary = (await unarmor(signature)).data as unknown as Uint8Array;
    for (let bit = 0; bit < binary.length * 8; bit++) {
      const changed = Uint8Array.from(binary);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const outcome = await verifyDetached(data, changed, [signer.publicKey], { at: day(2) }).catch(
        (error: unknown) => error,
      );
      expect([
        { fingerprint: signer.fingerprint, created: day(1) },
        integrity('signature-invalid'),
        integrity('signer-unknown'),
      ]).toContainEqual(outcome);
    }
  });

  it('answers any bytes after a signature packet header with an integrity error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 120 }), async (body) => {
        const packet = Buffer.concat([Buffer.from([0xc2, body.length]), body]);
        await expect(verifyDetached(data, packet, [signer.publicKey])).rejects.toMatchObject({
          exitCode: ExitCode.integrity,
        });
      }),
    );
  });

  it('refuses a signer that is not trusted', async () => {
    for (const trusted of [[], [stranger.publicKey]]) {
      await expect(verifyDetached(data, signature, trusted, { at: day(2) })).rejects.toThrow(
        integrity('signer-unknown'),
      );
    }
  });

  it('accepts what a key signed before it expired, and nothing that it signed later', async () => {
    expect(await verifyDetached(data, signature, [signer.publicKey], { at: day(400) })).toBeDefined();
    const unlimited = await readPrivateKey({ armoredKey: signer.secretKey });
    const late = await sign({
      message: await createMessage({ binary: data }),
      signingKeys: unlimited,
      detached: true,
      date: day(29),
    });
    const shorter = await shortened(10);
    expect(await verifyDetached(data, late, [signer.publicKey], { at: day(40) })).toBeDefined();
    await expect(verifyDetached(data, late, [shorter], { at: day(40) })).rejects.toThrow(
      integrity('signer-expired'),
    );
  });

  it('refuses all signatures of a compromised key, older ones too', async () => {
    for (const flag of [enums.reasonForRevocation.keyCompromised, enums.reasonForRevocation.noReason]) {
      await expect(
        verifyDetached(data, signature, [await revoked(flag, day(20))], { at: day(21) }),
      ).rejects.toThrow(integrity('signer-revoked'));
    }
  });

  it('accepts what a key signed before it was retired, and refuses what it signed after', async () => {
    const trusted = [await revoked(enums.reasonForRevocation.keyRetired, day(20))];
    expect(await verifyDetached(data, signature, trusted, { at: day(21) })).toBeDefined();
    const after = await signDetached(data, { secretKey: signer.secretKey, now: day(22) });
    await expect(verifyDetached(data, after, trusted, { at: day(23) })).rejects.toThrow(
      integrity('signer-revoked'),
    );
  });

  it('forgives a signer whose clock is an hour fast, not one from next year', async () => {
    const hour = 3_600_000;
    expect(
      await verifyDetached(data, signature, [signer.publicKey], { at: new Date(day(1).getTime() - hour) }),
    ).toBeDefined();
    await expect(verifyDetached(data, signature, [signer.publicKey], { at: day(-364) })).rejects.toThrow(
      integrity('signature-invalid'),
    );
  });

  it('refuses a signature over text, whose line ends may change', async () => {
    const text = await sign({
      message: await createMessage({ text: data.toString() }),
      signingKeys: await readPrivateKey({ armoredKey: signer.secretKey }),
      detached: true,
      date: day(1),
    });
    await expect(verifyDetached(data, text, [signer.publicKey], { at: day(2) })).rejects.toThrow(
      integrity('signature-invalid'),
    );
  });

  it.each([
    ['nothing', ''],
    ['text', 'signed'],
    ['random bytes', Buffer.from('c2ff00', 'hex')],
  ])('refuses %s as a signature', async (_name, bad) => {
    await expect(verifyDetached(data, bad, [signer.publicKey], { at: day(2) })).rejects.toThrow(
      integrity('signature-invalid'),
    );
  });

  it('refuses a trusted key that is none as a usage error', async () => {
    await expect(verifyDetached(data, signature, ['hello'])).rejects.toMatchObject({
      exitCode: ExitCode.usage,
      code: 'signer-key-unreadable',
    });
  });
});

describe('signDetached', () => {
  it('refuses an expired key', async () => {
    await expect(signDetached(data, { secretKey: signer.secretKey, now: day(31) })).rejects.toMatchObject({
      exitCode: ExitCode.usage,
      code: 'secret-key-cannot-sign',
    });
  });
});

/** The signer's public key with an earlier end, as its owner could publish it later. */
async function shortened(days: number): Promise<string> {
  const { reformatKey } = await import('openpgp');
  const { publicKey } = await reformatKey({
    privateKey: await readPrivateKey({ armoredKey: signer.secretKey }),
    userIDs: [user],
    keyExpirationTime: days * 86_400,
    date: start,
    format: 'object',
  });
  return publicKey.armor();
}
