// The keys of a configuration, as a command reads them: files, names, passphrases.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { backupKeys } from '../../src/lib/cli/backup-context.ts';
import { openContext } from '../../src/lib/cli/context.ts';
import { generateKeyPair, type KeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { failsCleanly, secret } from './fails-cleanly.ts';

let folder: string;
let operations: KeyPair;
let offline: KeyPair;
let signer: KeyPair;

const pair = (
  name: string,
  purpose: 'encrypt' | 'sign',
  own: { now?: Date; expiresInDays?: number; passphrase?: string } = {},
) => generateKeyPair({ name, email: `${name}@example.org`, purpose, ...own });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-keys-'));
  operations = await pair('operations', 'encrypt');
  offline = await pair('offline', 'encrypt');
  signer = await pair('signer', 'sign', { passphrase: secret });
});

afterAll(() => rm(folder, { recursive: true }));

interface Keys {
  readonly recipients?: readonly string[];
  readonly signer?: string;
  readonly trusted?: string;
  readonly passphrase?: string;
}

/** What a run makes of these keys. */
async function read({ recipients = [operations.publicKey, offline.publicKey], ...own }: Keys) {
  const save = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return name;
  };
  const paths = await Promise.all(recipients.map((text, index) => save(`recipient-${index}.asc`, text)));
  const secretKey = await save('signer.sec.asc', own.signer ?? signer.secretKey);
  const trusted = await save('signer.pub.asc', own.trusted ?? signer.publicKey);
  const passphrase = await save('passphrase', own.passphrase ?? secret);
  const configFile = join(folder, 'postern.yaml');
  await writeFile(
    configFile,
    `version: 1
profiles:
  test:
    stores: {offsite: {adapter: local, path: store}}
    backup:
      destinations: {offsite: {store: offsite}}
      recipients: [${paths.join(', ')}]
      signer: {secret_key: ${secretKey}, passphrase: '\${file:${passphrase}}'}
      trusted_signers: [${trusted}]
`,
  );
  const signal = new AbortController().signal;
  return backupKeys(await openContext({ configFile, profile: 'test', progress: silentProgress, signal }));
}

const refused = (keys: Keys, code: string) => failsCleanly(read(keys), { exitCode: 2, code });
const withSecond = (key: string): Keys => ({ recipients: [operations.publicKey, key] });

test('good keys are taken', async () => {
  await expect(read({})).resolves.toMatchObject({
    recipients: [{ fingerprint: operations.fingerprint }, { fingerprint: offline.fingerprint }],
    signer: { fingerprint: signer.fingerprint },
  });
});

test('a recipient that is expired, revoked, for signing only, secret, or no key at all is refused', async () => {
  const expired = await pair('old', 'encrypt', { now: new Date('2020-01-01'), expiresInDays: 30 });
  await refused(withSecond(expired.publicKey), 'recipient-expired');
  const { readPrivateKey, revokeKey } = await import('openpgp');
  const { publicKey: revoked } = await revokeKey({
    key: await readPrivateKey({ armoredKey: offline.secretKey }),
    format: 'armored',
  });
  await refused(withSecond(revoked), 'recipient-revoked');
  await refused(withSecond(signer.publicKey), 'recipient-no-encryption');
  await refused(withSecond(offline.secretKey), 'recipient-is-secret');
  await refused(withSecond('no key'), 'recipient-not-a-key');
});

test('fewer than two different recipients are refused', async () => {
  await refused(withSecond(operations.publicKey), 'recipients-too-few');
});

test('a signer is refused whose passphrase is wrong, whom nobody trusts, or who is expired', async () => {
  await refused({ passphrase: 'wrong' }, 'secret-key-locked');
  await refused({ trusted: operations.publicKey }, 'signer-untrusted');
  const expired = await pair('old', 'sign', {
    now: new Date('2020-01-01'),
    expiresInDays: 30,
    passphrase: secret,
  });
  await refused({ signer: expired.secretKey, trusted: expired.publicKey }, 'secret-key-cannot-sign');
  await refused({ signer: signer.publicKey }, 'secret-key-is-public');
});
