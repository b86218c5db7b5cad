import { DamagedFile, isIntegrityError } from './damaged-file.ts';
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
};

/** Several looks may come upon the same damage; it is told once. */
export function addFinding(findings: VerifyFinding[], finding: VerifyFinding): void {
  const isKnown = findings.some(
    ({ kind, file }) => finding.file !== null && file === finding.file && kind === finding.kind,
  );
  if (!isKnown) findings.push(finding);
}
