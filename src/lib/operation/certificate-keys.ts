import { generateKeyPairSync } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { refused } from '../base/error.ts';
import { keyIdOf } from '../crypto/dsse.ts';

export interface CertificateKeyFiles {
  readonly keyId: string;
  /** PKCS #8 in PEM, mode 0600. */
  readonly secretKeyFile: string;
  /** SubjectPublicKeyInfo in PEM, mode 0644. */
  readonly publicKeyFile: string;
}

/**
 * Makes an Ed25519 pair for certificates as two new files in the folder.
 * @throws {PosternError} exit 6 `certificate-keys-exist`: a key that has signed is never overwritten
 */
export async function makeCertificateKeys(folder: string): Promise<CertificateKeyFiles> {
  const { secretKeyFile, publicKeyFile } = await certificateKeyFiles(folder);
  const pair = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await create(secretKeyFile, pair.privateKey, 0o600);
  await create(publicKeyFile, pair.publicKey, 0o644);
  return { keyId: keyIdOf(pair.publicKey), secretKeyFile, publicKeyFile };
}

/** The names of the two files, which do not exist. @throws {PosternError} exit 6 `certificate-keys-exist` */
export async function certificateKeyFiles(folder: string): Promise<Omit<CertificateKeyFiles, 'keyId'>> {
  const files = {
    secretKeyFile: join(folder, 'certificate-signing.pem'),
    publicKeyFile: join(folder, 'certificate-signing.pub.pem'),
  };
  for (const file of Object.values(files)) await requireAbsent(file);
  return files;
}

async function requireAbsent(file: string): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (isThere) throw exists(file);
}

async function create(file: string, data: string, mode: number): Promise<void> {
  await writeFileAtomic(file, data, { mode, when: 'create' }).catch((error: unknown) => {
    throw error instanceof Error && 'code' in error && error.code === 'EEXIST' ? exists(file) : error;
  });
}

function exists(file: string): Error {
  return refused(`${file} exists, and a signing key is never overwritten`, {
    code: 'certificate-keys-exist',
    hints: ['choose another folder; keep the old public key as long as its certificates matter'],
  });
}
