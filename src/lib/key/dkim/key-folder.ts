// Private keys in files: FOLDER/DOMAIN/SELECTOR.pem, and beside them `active`, which tells the signer what to sign with.
import { chmod, mkdir, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder, writeFileAtomic } from '../../base/atomic-file.ts';
import { failure, usageError } from '../../base/error.ts';
import { fileProblem } from '../../base/file-problem.ts';
import { type DkimPublicKey, publicHalf } from './key-pair.ts';
import type { RegisteredSelector } from './state.ts';

interface KeyFolder {
  readonly folder: string;
  readonly fileMode: number;
}

export function keyFileOf({ folder }: KeyFolder, domain: string, selector: string): string {
  return join(folder, domain, `${selector}.pem`);
}

export function activeFileOf({ folder }: KeyFolder, domain: string): string {
  return join(folder, domain, 'active');
}

/** The public half of the key in a file; undefined where there is no such file. @throws {PosternError} exit 1, 2 */
export async function readKeyFile(path: string): Promise<DkimPublicKey | undefined> {
  const pem = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw usageError(`the private key ${path} cannot be read: ${fileProblem(error)}`, {
      code: 'dkim-key-unreadable',
      cause: error,
    });
  });
  return pem === undefined ? undefined : publicHalf(pem, path);
}

/** Writes a private key where there is none yet. @throws {PosternError} exit 1 `dkim-key-unwritten` */
export async function writeKeyFile({ fileMode }: KeyFolder, path: string, pem: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: fileMode === 0o600 ? 0o700 : 0o750 });
    await writeFileAtomic(path, pem, { mode: fileMode, when: 'create' });
    // The umask may have taken the group's right.
    await chmod(path, fileMode);
  } catch (cause) {
    throw failure(`the private key ${path} cannot be written: ${fileProblem(cause)}`, {
      code: 'dkim-key-unwritten',
      cause,
    });
  }
}

/** Permission bits of a file, or undefined where there is none. */
export async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * Tells the signer what to sign with: a line `SELECTOR ALGORITHM FILE` for each key. Readers see the old list or the
 * new one, never a part.
 */
export async function writeActiveFile(
  folder: KeyFolder,
  domain: string,
  active: readonly Pick<RegisteredSelector, 'selector' | 'keyType' | 'keyFile'>[],
): Promise<void> {
  const path = activeFileOf(folder, domain);
  await writeFileAtomic(path, activeLines(active), { mode: folder.fileMode });
  await chmod(path, folder.fileMode);
}

export function activeLines(
  active: readonly Pick<RegisteredSelector, 'selector' | 'keyType' | 'keyFile'>[],
): string {
  return active.map(({ selector, keyType, keyFile }) => `${selector} ${keyType} ${keyFile}\n`).join('');
}

/** What the signer is told, or undefined where nothing was ever written. */
export async function readActiveFile(folder: KeyFolder, domain: string): Promise<string | undefined> {
  return readFile(activeFileOf(folder, domain), 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
}

/** Deletes a private key; one that is gone already is no error. What the disk keeps of it is the disk's. */
export async function deleteKeyFile(path: string): Promise<void> {
  try {
    await unlink(path);
    await syncFolder(dirname(path));
  } catch (error) {
    if (isMissing(error)) return;
    throw failure(`the private key ${path} cannot be deleted: ${fileProblem(error)}`, {
      code: 'dkim-key-undeleted',
      cause: error,
    });
  }
}

/** Every private key in the domain's folder, and what a killed run left of one, by its path. */
export async function listKeyFiles(folder: KeyFolder, domain: string): Promise<readonly string[]> {
  return (await filesOf(folder, domain)).filter((path) => path.endsWith('.pem') || isTemporary(path));
}

/** Removes what a killed run left: half of a write, which may hold a private key. Nobody else may be writing there. */
export async function removeTemporaryFiles(folder: KeyFolder, domain: string): Promise<void> {
  for (const path of (await filesOf(folder, domain)).filter(isTemporary)) await deleteKeyFile(path);
}

async function filesOf({ folder }: KeyFolder, domain: string): Promise<readonly string[]> {
  const names = await readdir(join(folder, domain)).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return names.map((name) => join(folder, domain, name));
}

/** As `writeFileAtomic` names them. */
function isTemporary(path: string): boolean {
  return basename(path).startsWith('.tmp-');
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
