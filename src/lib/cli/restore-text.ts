import type { BackupRestoreResult } from '../backup/restore/results.ts';

/** What a person is told of a restore. */
export function restoreLines(result: BackupRestoreResult, outcome: string): readonly string[] {
  if (result.state === 'planned') return [`${outcome}: plan ${result.planId}`];
  const { rows, tables, database, schema, partial, erasures, objects, certificateId } = result;
  const scope = partial === null ? 'tables' : 'tables, and of no others,';
  return [
    `restored ${rows?.toLocaleString('en')} rows of ${tables} ${scope} into ${database}: equal to the backup, schema ${schema}`,
    ...listed('foreign keys that are not valid yet', partial?.foreignKeysNotValid),
    ...listed('foreign keys that are left out', partial?.foreignKeysLeftOut),
    ...(erasures?.state === 'replayed'
      ? [`erasures repeated: ${erasures.entries}, which changed ${erasures.rows} rows`]
      : []),
    ...(erasures?.state === 'skipped' ? ['NO erasures were repeated'] : []),
    ...(objects === null
      ? []
      : [
          `mail objects: ${objects.objects}, of which ${objects.stored} were stored now and the others were there; the set lacks ${objects.missing}`,
        ]),
    ...(certificateId === null ? [] : [`certificate ${certificateId}`]),
  ];
}

function listed(title: string, names: readonly string[] | null | undefined): readonly string[] {
  return names == null || names.length === 0 ? [] : [`${title}:`, ...names.map((name) => `  ${name}`)];
}
