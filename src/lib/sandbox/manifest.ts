import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { integrityError } from '../base/error.ts';
import type { SandboxPaths } from './sandbox-paths.ts';

/** What a complete sandbox is made of. */
export interface SandboxManifest {
  readonly version: 1;
  readonly seed: number;
  readonly messages: number;
  /** The port that the server had last: it is tried first the next time. */
  readonly port: number;
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
}

/** @returns undefined when there is no sandbox, or one whose making did not end */
export async function readManifest({ manifest }: SandboxPaths): Promise<SandboxManifest | undefined> {
  const text = await readFile(manifest, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as SandboxManifest;
    if (value.version === 1 && Number.isInteger(value.seed) && Number.isInteger(value.messages)) return value;
  } catch {
    // Told below.
  }
  throw integrityError(`${manifest} is not what \`sandbox up\` writes`, {
    code: 'sandbox-manifest',
    hints: ['`postern sandbox reset` removes the sandbox'],
  });
}

export async function writeManifest({ manifest }: SandboxPaths, value: SandboxManifest): Promise<void> {
  await writeFileAtomic(manifest, `${JSON.stringify(value, undefined, 2)}\n`);
}
