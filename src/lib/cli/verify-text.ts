import type { BackupVerifyResult } from '../backup/verify/results.ts';
import { formatByteSize } from '../base/byte-size.ts';

/** What a verification came to, in one line for a person. */
export function verifyOutcome(result: BackupVerifyResult): string {
  const { setId, destination, outcome, findings, remaining } = result;
  const where = `${setId} at ${destination}`;
  if (outcome === 'failed') {
    const count = `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`;
    // What somebody only covered up can be restored; everything else cannot be counted on.
    const verdict = findings.every(({ kind }) => kind === 'shadowed')
      ? 'it can be restored, but somebody writes over it'
      : 'do not count on this set';
    return `${where}: ${count}: ${verdict}`;
  }
  const looked = lookedAt(result);
  if (outcome === 'passed') return `${where}: ${looked}`;
  return `${where}: ${looked}; ${remaining.files} files (${formatByteSize(remaining.bytes)}) remain, for the egress cap: go on with --resume`;
}

function lookedAt({ level, checked, skipped, rows, files }: BackupVerifyResult): string {
  const count = checked.files + skipped.files;
  if (level === 'list') return `names and sizes of ${count} files are as they were signed`;
  if (level === 'head') return `what the store says of ${count} files is as it was signed`;
  const of = level === 'full' ? '' : ` of ${files}`;
  const before = skipped.files === 0 ? '' : ` (${skipped.files} of them in the run before)`;
  const contents = rows === null ? '' : `, and ${rows.toLocaleString('en')} rows as they were read`;
  return `${count} files${of}${before} are as they were signed${contents}`;
}
