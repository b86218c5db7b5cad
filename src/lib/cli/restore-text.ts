import type { BackupRestoreResult } from '../backup/restore/results.ts';
import { counted } from '../base/counted.ts';

/** What a person is told of a restore. */
export function restoreLines(result: BackupRestoreResult, outcome: string): readonly string[] {
  if (result.state === 'planned') return [`${outcome}: plan ${result.planId}`];
  const { rows, tables, database, schema, partial, erasures, objects, certificateId } = result;
  const scope = partial === null ? '' : ', and of no others,';
  return [
    `restored ${counted(rows ?? 0, 'row')} of ${counted(tables ?? 0, 'table')}${scope} into ${database}: equal to the backup, schema ${schema}`,
    ...keyringLines(result),
    ...listed('foreign keys that are not valid yet', partial?.foreignKeysNotValid),
    ...listed('foreign keys that are left out', partial?.foreignKeysLeftOut),
    ...(erasures?.state === 'replayed'
      ? [`erasures repeated: ${erasures.entries}, which changed ${counted(erasures.rows, 'row')}`]
      : []),
    ...unmappedLines(erasures?.unmapped),
    ...(erasures?.state === 'skipped' ? ['NO erasures were repeated'] : []),
    ...(objects === null
      ? []
      : [
          `mail objects: ${objects.objects}, of which ${objects.stored} were stored now and the others were there; the set lacks ${objects.missing}`,
        ]),
    ...(certificateId === null ? [] : [`certificate ${certificateId}`]),
  ];
}

/** Where repeated erasures did not look, because the data map says nothing of it. */
export const unmappedLines = (names: readonly string[] | undefined): readonly string[] =>
  listed('NOBODY WAS LOOKED FOR here, as the data map does not mention it', names);

/** Only where something is missing. */
function keyringLines({ setId, keyring }: BackupRestoreResult): readonly string[] {
  if (keyring === null) return [];
  const { from, rows, missing, lost } = keyring;
  if (missing === 0 && lost.length === 0) return [];
  const parts = [
    ...(rows === 0 || from === setId
      ? []
      : [`${counted(rows, 'row')} have theirs from the keyring of ${from}`]),
    ...(missing === 0 ? [] : [`${counted(missing, 'row')} have none`]),
    ...(lost.length === 0 ? [] : [`gone before its time: the keyring of ${lost.join(', ')}`]),
  ];
  return [`WRAPPED KEYS: ${parts.join('; ')}`];
}

function listed(title: string, names: readonly string[] | null | undefined): readonly string[] {
  return names == null || names.length === 0 ? [] : [`${title}:`, ...names.map((name) => `  ${name}`)];
}
