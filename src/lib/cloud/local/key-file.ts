import { readFile, stat } from 'node:fs/promises';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { failure, integrityError, usageError } from '../../base/error.ts';
import { errno } from './file-error.ts';
import type { KeyRing } from './key-ring.ts';
import { parseKeyRing } from './key-ring.ts';
import { defaultScryptLogN, newPassphraseHeader, passphraseSeal, type Seal } from './key-seal.ts';
import { newOpenPgpHeader, openPgpSeal, unlockSecretKey } from './key-seal-openpgp.ts';

/** What opens the file of keys. */
export type KmsUnlock =
  | { readonly passphrase: string }
  /** An armored OpenPGP secret key, and its own passphrase where it is locked. */
  | { readonly secretKey: string; readonly passphrase?: string };

const format = 'postern-kms';
const version = 1;

/** Tells whether the file was replaced since it was read. */
export type FileStamp = string;

export interface KeyFile {
  /** Changes with every replacement of the file. */
  stamp(): Promise<FileStamp>;
  read(): Promise<KeyRing>;
  write(ring: KeyRing, when: 'replace' | 'create'): Promise<void>;
}

/**
 * The sealed file: its first line is a JSON header `{format, version, seal}`, the rest is the sealed JSON
 * `{header, keys}`, base64 or armored by the method of the seal. Mode 0600, always replaced as a whole.
 */
export function keyFile(
  path: string,
  unlock: KmsUnlock,
  location: string,
  scryptLogN = defaultScryptLogN,
): KeyFile {
  // Deriving the key takes half a second, so it is done again only when another process has sealed the file anew.
  let seal: Seal | undefined;

  async function sealFor(header: string): Promise<Seal> {
    if (seal?.header !== header) seal = await openSeal(header, unlock, location);
    return seal;
  }

  return {
    async stamp() {
      const found = await stat(path, { bigint: true }).catch((error: unknown) => {
        throw errno(error) === 'ENOENT' ? fileMissing(path, error) : error;
      });
      return `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}`;
    },

    async read() {
      const text = await readFile(path, 'utf8').catch((error: unknown) => {
        throw errno(error) === 'ENOENT' ? fileMissing(path, error) : error;
      });
      const end = text.indexOf('\n');
      const header = text.slice(0, end < 0 ? text.length : end);
      const plaintext = await (await sealFor(header)).open(text.slice(header.length + 1));
      const content = parse(Buffer.from(plaintext).toString(), location);
      if (content['header'] !== header) {
        throw integrityError(`the header of ${location} was changed`, { code: 'kms-file-corrupt' });
      }
      return parseKeyRing(content, location);
    },

    async write(ring, when) {
      seal ??= await newSeal(unlock, location, scryptLogN);
      const body = await seal.close(Buffer.from(JSON.stringify({ header: seal.header, ...ring })));
      await writeFileAtomic(path, `${seal.header}\n${body}\n`, { when });
    },
  };
}

async function newSeal(unlock: KmsUnlock, location: string, scryptLogN: number): Promise<Seal> {
  const seal =
    'secretKey' in unlock
      ? newOpenPgpHeader((await unlockSecretKey(unlock.secretKey, unlock.passphrase, location)).fingerprint)
      : newPassphraseHeader(scryptLogN);
  return openSeal(JSON.stringify({ format, version, seal }), unlock, location);
}

async function openSeal(header: string, unlock: KmsUnlock, location: string): Promise<Seal> {
  const parsed = parse(header, location);
  if (parsed['format'] !== format) {
    throw usageError(`${location} is not a file of keys`, { code: 'kms-file-corrupt' });
  }
  if (parsed['version'] !== version) {
    throw usageError(`${location} was made by a newer postern (format ${String(parsed['version'])})`, {
      code: 'kms-file-too-new',
    });
  }
  const seal = parsed['seal'];
  const method = typeof seal === 'object' && seal !== null && 'method' in seal ? seal.method : undefined;
  if (method === 'passphrase' && !('secretKey' in unlock)) {
    return passphraseSeal(header, seal, unlock.passphrase, location);
  }
  if (method === 'openpgp' && 'secretKey' in unlock) {
    const secret = await unlockSecretKey(unlock.secretKey, unlock.passphrase, location);
    return openPgpSeal(header, seal, secret, location);
  }
  throw usageError(`${location} is sealed by ${String(method)}, and something else was given to open it`, {
    code: 'kms-unlock-method',
    hints: ['give the passphrase or the OpenPGP secret key that the file was made with'],
  });
}

function parse(text: string, location: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Falls through to the one answer for everything unreadable.
  }
  throw integrityError(`${location} is not a file of keys, or it is damaged`, { code: 'kms-file-corrupt' });
}

function fileMissing(path: string, cause: unknown): Error {
  return failure(`the file of keys ${path} does not exist`, {
    code: 'kms-missing',
    cause,
    hints: [
      'check the path in the configuration, or restore the file; without it nothing it encrypted can be read',
    ],
  });
}
