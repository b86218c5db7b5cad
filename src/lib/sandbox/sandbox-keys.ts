import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { generateKeyPair } from '../crypto/openpgp-key.ts';
import { secretPath } from './sandbox-config.ts';
import type { SandboxPaths } from './sandbox-paths.ts';

/** The OpenPGP keys of a sandbox, by the name of their files. */
const pairs = [
  { file: 'operations', name: 'Sandbox operations', purpose: 'encrypt' },
  { file: 'offline', name: 'Sandbox offline', purpose: 'encrypt' },
  { file: 'backup-signer', name: 'Sandbox backup signer', purpose: 'sign' },
  { file: 'operator', name: 'Sandbox operator', purpose: 'sign' },
] as const;

/**
 * Makes recipients, signers, the certificate key and those of names and pseudonyms. Secret halves have no passphrase and mode 0600: in a sandbox
 * everything lies side by side, which no production host may copy.
 */
export async function writeSandboxKeys(paths: SandboxPaths): Promise<void> {
  const { keys } = paths;
  for (const { file, name, purpose } of pairs) {
    const pair = await generateKeyPair({ name, email: `${file}@sandbox.example`, purpose });
    await writeFileAtomic(join(keys, `${file}.pub.asc`), pair.publicKey, { mode: 0o644 });
    await writeFileAtomic(join(keys, `${file}.sec.asc`), pair.secretKey);
  }
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  await writeFileAtomic(
    join(keys, 'certificate.pub.pem'),
    publicKey.export({ type: 'spki', format: 'pem' }),
    { mode: 0o644 },
  );
  await writeFileAtomic(
    join(keys, 'certificate.key.pem'),
    privateKey.export({ type: 'pkcs8', format: 'pem' }),
  );
  for (const name of ['names-key', 'pseudonyms-key'] as const)
    await writeFileAtomic(secretPath(paths, name), `${randomBytes(32).toString('hex')}\n`);
}
