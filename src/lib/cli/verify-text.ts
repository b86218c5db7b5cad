import type { BackupVerifyManyResult, BackupVerifyResult, VerifyFinding } from '../backup/verify/results.ts';
import { formatByteSize } from '../base/byte-size.ts';
import { ExitCode } from '../base/exit-code.ts';
import type { Column } from './table.ts';

export const findingColumns: readonly Column<VerifyFinding>[] = [
  { header: 'finding', value: ({ kind }) => kind },
  { header: 'file', value: ({ file }) => file ?? undefined },
  { header: 'what', value: ({ message }) => message },
];

/** What a verification came to, in one line for a person. */
export function verifyOutcome(result: BackupVerifyResult): string {
  const { setId, destination, outcome, findings, remaining } = result;
  const where = `${setId} at ${destination}`;
  if (outcome === 'failed') {
    const count = `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`;
    // What somebody only covered up can be restored; everything else cannot be counted on.
    const own = findings.filter(({ set }) => set === undefined);
    const verdict =
      own.length === 0
        ? 'nothing is wrong with this set itself'
        : own.every(({ kind }) => kind === 'shadowed')
          ? 'it can be restored, but somebody writes over it'
          : 'do not count on this set';
    return `${where}: ${count}: ${verdict}`;
  }
  const looked = lookedAt(result);
  if (outcome === 'passed') return `${where}: ${looked}`;
  if (remaining.files === 0) return `${where}: ${looked}, but it was not opened`;
  return `${where}: ${looked}; ${remaining.files} files (${formatByteSize(remaining.bytes)}) remain, for the egress cap: go on with --resume`;
}

/** What else a person may want to know: notes, the seed, why nothing was opened. */
export function verifyRemarks({ notes, seed, unopened }: BackupVerifyResult): readonly string[] {
  return [
    ...notes,
    ...(seed === null ? [] : [`repeat this sample with --seed ${seed}`]),
    ...(unopened === 'no-key' ? ['no secret key is configured here, so the contents were not opened'] : []),
    ...(unopened === 'damaged'
      ? ['what opens the set could not be read, as the findings say, so the contents were not opened']
      : []),
  ];
}

/** What was found stands above what was left out. */
export function verifyExitCode({
  results,
  failures,
  remaining,
}: Pick<BackupVerifyManyResult, 'results' | 'failures' | 'remaining'>): ExitCode {
  const outcomes = results.map(({ outcome }) => outcome);
  if (outcomes.includes('failed')) return ExitCode.integrity;
  const isWhole = failures.length + remaining.length === 0 && !outcomes.includes('incomplete');
  return isWhole ? ExitCode.done : ExitCode.incomplete;
}

function lookedAt({ level, checked, skipped, rows, files, base }: BackupVerifyResult): string {
  const count = checked.files + skipped.files;
  if (level === 'list') return `names and sizes of ${count} files are as they were signed`;
  if (level === 'head') return `what the store says of ${count} files is as it was signed`;
  const of = level === 'full' ? '' : ` of ${files + base.files}`;
  const before = skipped.files === 0 ? '' : ` (${skipped.files} of them in the run before)`;
  const contents = rows === null ? '' : `, and ${rows.toLocaleString('en')} rows as they were read`;
  return `${count} files${of}${before} are as they were signed${contents}`;
}
