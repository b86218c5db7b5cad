import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ExitCode } from '../../src/lib/base/exit-code.ts';
import {
  describeMessage,
  messageHeadSize,
  openMessageWithSessionKey,
  sessionKeyOf,
} from '../../src/lib/crypto/openpgp-container.ts';
import { partialSize } from '../../src/lib/crypto/openpgp-framing.ts';
import { describeKey } from '../../src/lib/crypto/openpgp-key-description.ts';
import { readSecretKey } from '../../src/lib/crypto/openpgp-secret-key.ts';
import {
  formatSessionKey,
  parseSessionKey,
  type SessionKey,
} from '../../src/lib/crypto/openpgp-session-key.ts';
import { describeWith } from '../support/optional.ts';
import { type GpgHome, type GpgKey, gpgKey, openGpgHome } from './gpg-home.ts';
import { type Person, person, seal, withByte } from './message-fixture.ts';

const content = Buffer.from('SELECT 1;\n'.repeat(200_000));

function shown(stderr: string): string {
  return /session key: '([^']+)'/.exec(stderr)?.[1] ?? '';
}

/** gpg counts whole seconds; a key that it has just made may lie in this second. */
function soon(): Date {
  return new Date(Date.now() + 2_000);
}

describeWith(['gpg'], 'session keys and gpg', ({ gpg }) => {
  let holder: GpgHome;
  let stranger: GpgHome;
  let operations: Person;
  let keys: readonly GpgKey[];
  beforeAll(async () => {
    holder = openGpgHome(gpg);
    stranger = openGpgHome(gpg);
    operations = await person('operations');
    holder.must(['--import'], operations.secretKey);
    keys = [gpgKey(holder, 'rsa3072', 'rsa3072'), gpgKey(holder, 'ed25519', 'cv25519')];
  });
  afterAll(() => {
    holder.close();
    stranger.close();
  });

  it("agree on ours: gpg shows what we find, and what the message's head tells", async () => {
    const message = await seal(content, [operations.recipient]);
    const { stdout, stderr } = holder.run(['--show-session-key', '--decrypt'], message);
    expect(content.equals(stdout)).toBe(true);
    const sessionKey = await sessionKeyOf(message.subarray(0, messageHeadSize), [operations.secret]);
    expect(formatSessionKey(sessionKey)).toBe(shown(stderr));
  });

  it.each([
    ['AES-256', ['--cipher-algo', 'AES256'], 9],
    ['AES-192', ['--cipher-algo', 'AES192'], 8],
    ['AES-128', ['--cipher-algo', 'AES'], 7],
    ['uncompressed', ['--compress-level', '0'], 9],
    ['for hidden recipients', ['--throw-keyids'], 9],
  ])("agree on gpg's: %s", async (_name, options, algorithm) => {
    const to = keys.flatMap(({ fingerprint }) => ['--recipient', fingerprint]);
    const message = holder.must(['--cipher-algo', 'AES256', ...options, ...to, '--encrypt'], content);
    const text = shown(holder.run(['--show-session-key', '--decrypt'], message).stderr);
    for (const { secretKey } of keys) {
      const sessionKey = await sessionKeyOf(message.subarray(0, messageHeadSize), [
        await readSecretKey(secretKey),
      ]);
      expect(sessionKey.algorithm).toBe(algorithm);
      expect(formatSessionKey(sessionKey)).toBe(text);
    }
    expect(content.equals(await openMessageWithSessionKey(message, parseSessionKey(text)))).toBe(true);
  });

  it.each([0, 1, 511, 512, partialSize - 6, partialSize + 1, 2 * partialSize - 56, 3 * partialSize])(
    'open %i bytes of ours without recipients in a gpg that has no key at all',
    async (size) => {
      const plain = randomBytes(size);
      const sessionKey: SessionKey = { algorithm: 9, bytes: randomBytes(32) };
      const message = await seal(plain, [], { sessionKey });
      const { status, stdout, stderr } = stranger.runWithSecret(
        ['--override-session-key-fd', '3', '--decrypt'],
        formatSessionKey(sessionKey),
        message,
      );
      expect(status, stderr).toBe(0);
      expect(plain.equals(stdout)).toBe(true);
    },
  );

  it('open a message with recipients in a gpg that has none of their keys', async () => {
    const message = await seal(content, [operations.recipient]);
    const text = formatSessionKey(await sessionKeyOf(message, [operations.secret]));
    const { status, stdout } = stranger.runWithSecret(
      ['--override-session-key-fd', '3', '--decrypt'],
      text,
      message,
    );
    expect(status).toBe(0);
    expect(content.equals(stdout)).toBe(true);
  });

  it("stay out of gpg's log only when it goes nowhere, and its exit status is there all the same", async () => {
    const sessionKey: SessionKey = { algorithm: 9, bytes: randomBytes(32) };
    const text = formatSessionKey(sessionKey);
    const message = await seal(content, [], { sessionKey });
    const args = ['--override-session-key-fd', '3', '--decrypt'];
    expect(stranger.runWithSecret(['--quiet', ...args], text, message).stderr).toContain(text);
    const silent = stranger.runWithSecret(['--logger-file', '/dev/null', ...args], text, message);
    expect([silent.status, silent.stderr]).toEqual([0, '']);
    const changed = withByte(message, message.length - 30, (message[message.length - 30] as number) ^ 1);
    const failed = stranger.runWithSecret(['--logger-file', '/dev/null', ...args], text, changed);
    expect(failed.status).not.toBe(0);
    expect(failed.stderr).toBe('');
  });

  it('make gpg and us fail when the key is of another message, or the message was changed', async () => {
    const sessionKey: SessionKey = { algorithm: 9, bytes: randomBytes(32) };
    const other: SessionKey = { algorithm: 9, bytes: randomBytes(32) };
    const message = await seal(content, [], { sessionKey });
    const changed = withByte(message, message.length - 30, (message[message.length - 30] as number) ^ 1);
    for (const [key, data] of [
      [other, message],
      [sessionKey, changed],
    ] as const) {
      const args = ['--override-session-key-fd', '3', '--decrypt'];
      expect(stranger.runWithSecret(args, formatSessionKey(key), data).status).not.toBe(0);
      await expect(openMessageWithSessionKey(data, key)).rejects.toMatchObject({
        exitCode: ExitCode.integrity,
      });
    }
  });

  it("of a message tell which of gpg's keys opens it, also after its subkey was replaced", async () => {
    const { fingerprint } = gpgKey(holder, 'ed25519', 'cv25519');
    const message = holder.must(['--recipient', fingerprint, '--encrypt'], content);
    holder.must(['--quick-add-key', fingerprint, 'cv25519', 'encr', '1d']);
    holder.must(
      ['--command-fd', '0', '--no-batch', '--edit-key', fingerprint],
      'key 1\nrevkey\ny\n2\n\ny\nsave\n',
    );
    const secretKey = holder.must(['--export-secret-keys', '--armor', fingerprint]);
    const description = await describeKey(secretKey, soon());
    expect(description.encryptionKeys).toMatchObject([
      { revoked: true, hasSecret: true },
      { revoked: false, hasSecret: true },
    ]);
    expect(description.encryption).toMatchObject({
      possible: true,
      keyId: description.encryptionKeys[1]?.keyId,
    });
    expect(describeMessage(message).recipientKeyIds).toEqual([description.encryptionKeys[0]?.keyId]);
    const text = shown(holder.run(['--show-session-key', '--decrypt'], message).stderr);
    expect(formatSessionKey(await sessionKeyOf(message, [await readSecretKey(secretKey)]))).toBe(text);
  });

  it('of an exported key without its primary secret are told as there', async () => {
    const { fingerprint } = keys[1] as GpgKey;
    const subkeysOnly = holder.must(['--export-secret-subkeys', '--armor', fingerprint]);
    const description = await describeKey(subkeysOnly, soon());
    expect(description).toMatchObject({ kind: 'secret', encryptionKeys: [{ hasSecret: true }] });
    expect(await describeKey(holder.must(['--export', fingerprint]), soon())).toMatchObject({
      kind: 'public',
      encryptionKeys: [{ keyId: description.encryptionKeys[0]?.keyId, hasSecret: false }],
      encryption: { possible: true },
    });
  });
});
