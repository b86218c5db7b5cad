import { DamagedFile, isIntegrityError } from './damaged-file.ts';
import { isRewrapPath } from './keys/rewrap-name.ts';
import type { VerifyFinding } from './verify/results.ts';

/** Turns an integrity error into a finding about the file that it names, and lets every other error through. */
export async function keepIntegrity<T>(
  findings: VerifyFinding[],
  kind: VerifyFinding['kind'],
  file: string | null,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isIntegrityError(error)) throw error;
    addFinding(findings, {
      kind: (file === null ? undefined : kindOfCode[error.code ?? '']) ?? kind,
      file: error instanceof DamagedFile ? error.file : file,
      message: error.message,
    });
    return undefined;
  }
}

const kindOfCode: Readonly<Record<string, VerifyFinding['kind']>> = {
  'file-missing': 'missing',
  'file-changed': 'changed',
  'object-corrupt': 'changed',
  'signature-invalid': 'signature',
  'signer-unknown': 'signature',
};

/**
 * As `keepIntegrity`, about a file of a folder: its path stands in front of the names of files, but for those that lie
 * beside the sets.
 * @param folder `20260301T020000Z-9f2c41d0/`; nothing for the set that is verified
 */
export async function keepIntegrityIn<T>(
  findings: VerifyFinding[],
  kind: VerifyFinding['kind'],
  { folder, file }: { readonly folder: string; readonly file: string },
  work: () => Promise<T>,
): Promise<T | undefined> {
  const found: VerifyFinding[] = [];
  const done = await keepIntegrity(found, kind, file, work);
  for (const finding of found) {
    const name = finding.file ?? '';
    addFinding(findings, { ...finding, file: isRewrapPath(name) ? name : folder + name });
  }
  return done;
}

/** Several looks may come upon the same damage; it is told once. */
export function addFinding(findings: VerifyFinding[], finding: VerifyFinding): void {
  const isKnown = findings.some(
    ({ kind, file }) => finding.file !== null && file === finding.file && kind === finding.kind,
  );
  if (!isKnown) findings.push(finding);
}
