import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { failure, integrityError, usageError } from '../../base/error.ts';
import { fileProblem } from '../../base/file-problem.ts';
import type { EncryptionContext, Kms } from '../../cloud/kms.ts';
import { type Ownership, ownershipOf, realPath } from './ownership.ts';

/** One file that holds a secret. */
export interface SecretFile {
  readonly path: string;
  /** Undefined when there is none. */
  read(): Promise<string | undefined>;
  /** All or nothing. @throws {PosternError} exit 1 `secret-unwritten` */
  write(text: string): Promise<void>;
  remove(): Promise<void>;
}

/** The secret in clear; only its owner may read it unless `ownership` says otherwise. */
export function plainFile(path: string, ownership: Ownership = {}): SecretFile {
  return {
    path,
    read: () => readIfThere(path),
    write: async (text) => {
      try {
        // A link is followed: a rename would replace it, and its readers look where it leads.
        const real = await realPath(path);
        const { mode, owner } = await ownershipOf(real, ownership);
        await writeFileAtomic(real, text, { mode, owner });
      } catch (cause) {
        if (!(cause instanceof Error && 'errno' in cause)) throw cause;
        throw failure(`${path} cannot be written: ${fileProblem(cause)}`, {
          code: 'secret-unwritten',
          cause,
          hints: ['the file is as it was; mend the cause and run this again'],
        });
      }
    },
    remove: () => rm(path, { force: true }),
  };
}

/** What seals a file; the context is bound to the ciphertext. */
export interface Seal {
  readonly keyId: string;
  readonly context: EncryptionContext;
  kms(): Promise<Kms>;
}

const sealedForm = z.strictObject({
  version: z.literal(1),
  kmsKey: z.string(),
  context: z.record(z.string(), z.string()),
  ciphertext: z.base64(),
});

/** The secret under a key of the key management service; docs/passwords.md describes the file. */
export function sealedFile(path: string, seal: Seal, ownership: Ownership = {}): SecretFile {
  const file = plainFile(path, ownership);
  return {
    ...file,
    read: async () => {
      const text = await file.read();
      if (text === undefined) return undefined;
      const { kmsKey, ciphertext } = parseSealed(path, text);
      const kms = await seal.kms();
      const plaintext = await kms.decrypt(kmsKey, Buffer.from(ciphertext, 'base64'), seal.context);
      return Buffer.from(plaintext).toString('utf8');
    },
    write: async (text) => {
      const kms = await seal.kms();
      const sealed = await kms.encrypt(seal.keyId, Buffer.from(text), seal.context);
      const ciphertext = Buffer.from(sealed).toString('base64');
      const form = { version: 1, kmsKey: seal.keyId, context: seal.context, ciphertext };
      await file.write(`${JSON.stringify(form, undefined, 2)}\n`);
    },
  };
}

/**
 * The KMS key that seals a file; undefined where there is no file, or one in clear. Nothing is opened.
 * @throws {PosternError} exit 2 `file-unreadable`
 */
export async function sealedBy(path: string): Promise<string | undefined> {
  const text = await readIfThere(path);
  if (text === undefined || !text.trimStart().startsWith('{')) return undefined;
  return parseSealed(path, text).kmsKey;
}

function parseSealed(path: string, text: string): z.infer<typeof sealedForm> {
  try {
    return sealedForm.parse(JSON.parse(text));
  } catch (cause) {
    throw integrityError(`${path} is no sealed password`, {
      code: 'secret-damaged',
      cause,
      hints: ['look who wrote there; move it away, and run this again'],
    });
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw usageError(`${path} cannot be read: ${fileProblem(cause)}`, { code: 'file-unreadable', cause });
  }
}
