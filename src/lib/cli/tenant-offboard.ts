import { counted } from '../base/counted.ts';
import { usageError } from '../base/error.ts';
import { ExitCode } from '../base/exit-code.ts';
import { parseTime } from '../base/parse-time.ts';
import type { BackupHorizon } from '../subject/erase/index.ts';
import type { PlannedOffboard } from '../subject/offboard/plan-offboard.ts';
import type { OffboardDone, Offboarding, TenantOffboardResult } from '../subject/offboard/results.ts';
import { eraseLines, eraseResult } from './subject-erase.ts';
import type { SubmittedPlan } from './submit-plan.ts';
import type { Column } from './table.ts';

type Deletion = NonNullable<TenantOffboardResult['deletion']>;
type ToldDeletion = Pick<Deletion, 'outcome' | 'planId' | 'certificateId' | 'done'>;

/** @throws {PosternError} exit 2: `time-invalid`, `day-wanted` */
export function dayOf(given: string): string {
  const day = parseTime(given, 'start').toISOString().slice(0, 10);
  if (day === given) return day;
  throw usageError(`--ended takes a day, and ${JSON.stringify(given)} is more than that`, {
    code: 'day-wanted',
    hints: [`write it as ${day}`],
  });
}

export function deletionResult(
  { plan, inputs }: PlannedOffboard,
  submitted: Pick<SubmittedPlan, 'outcome' | 'applied'>,
  { backups, done }: { readonly backups: BackupHorizon; readonly done: OffboardDone | undefined },
): Deletion {
  const { tenant, reason, judgedAt, rows, objects, holds, keys, triggers, untied } = inputs;
  const erased = { tenant, reason, judgedAt, rows, objects, holds, keys, triggers };
  const {
    persons: _persons,
    done: _done,
    ...result
  } = eraseResult(
    { plan, inputs: { ...erased, request: null, persons: [], onePerson: false, shared: [] } },
    { outcome: submitted.outcome, ...(submitted.applied && { applied: submitted.applied }) },
    { backups },
  );
  return { ...result, untied, done: done ?? null };
}

export const deletionColumns: readonly Column<Deletion['rows'][number]>[] = [
  { header: 'table', value: ({ table }) => table },
  { header: 'rows', value: ({ rows }) => rows, align: 'right' },
  { header: 'what becomes of them', value: ({ action }) => words[action] },
];

const words: Readonly<Record<Deletion['rows'][number]['action'], string>> = {
  delete: 'deleted',
  detach: 'kept: others share them',
  redact: 'kept without what is personal in them',
  restrict: 'kept, restricted',
  law: 'kept by law',
  hold: 'kept by a hold',
  link: 'kept',
};

/** When the time runs out, or ran out. */
export function clockLine({ tenant, endedOn, dueOn, verdict, deletedAt }: Offboarding): string {
  const end = `the contract of ${tenant} ended on ${endedOn}`;
  if (deletedAt !== null)
    return `${end}; deleted on ${deletedAt.slice(0, 10)}, ${verdict === 'late' ? `after ${dueOn}, when it was due` : 'in time'}`;
  return `${end}; due on ${dueOn}${verdict === 'overdue' ? ', which is past' : ''}`;
}

/** Beside the table of rows. */
export function deletionLines(deletion: Deletion): readonly string[] {
  return [
    ...eraseLines({ ...deletion, persons: 0 }),
    ...(deletion.untied.length === 0
      ? []
      : [`of no tenant by the data map, and left as they are: ${deletion.untied.join(', ')}`]),
  ];
}

/** What was done, in words. */
export function deletedLines({ outcome, planId, certificateId, done }: ToldDeletion): readonly string[] {
  const ending = `${outcome}: plan ${planId.slice(0, 12)}${certificateId === null ? '' : `, certificate ${certificateId.slice(0, 12)}`}`;
  if (done === null) return [ending];
  return [
    `${counted(done.rowsDeleted, 'row')} deleted, ${done.rowsChanged} changed, ${done.rowsLate} came meanwhile`,
    ...(done.versions === 0
      ? []
      : [`${counted(done.objects, 'object')} deleted, ${counted(done.versions, 'version')}`]),
    ...(done.objectsRetained === 0
      ? []
      : [`${counted(done.objectsRetained, 'object')} stay under a lock of the store`]),
    ...done.kept.map(
      ({ table, action, rows, law, lastUntil }) =>
        `${counted(rows, 'row')} of ${table} ${words[action]}${law === null ? '' : `: ${law}, ${lastUntil === null ? 'without an end' : `until ${lastUntil.slice(0, 10)}`}`}`,
    ),
    ...done.left.map(({ table, rows }) => `left: ${counted(rows, 'row')} of ${table}`),
    ...done.objectsLeft.map(({ bucket, objects }) => `left: ${counted(objects, 'object')} of ${bucket}`),
    ...(done.left.length + done.objectsLeft.length === 0 ? ['nothing is left but what is kept'] : []),
    ending,
  ];
}

/** 3 where something is left that nothing keeps, 4 where an object stays under a lock. */
export function deletionExitCode({ outcome, done }: ToldDeletion): ExitCode {
  if (outcome === 'awaiting approval') return ExitCode.refused;
  if (done === null) return ExitCode.done;
  // What a lock of the store keeps is there still, and no surprise.
  const objectsLeft = done.objectsLeft.reduce((sum, { objects }) => sum + objects, 0);
  if (done.left.length > 0 || objectsLeft > done.objectsRetained) return ExitCode.findings;
  return done.objectsRetained > 0 ? ExitCode.incomplete : ExitCode.done;
}

export const tenantColumns: readonly Column<Offboarding>[] = [
  { header: 'tenant', value: ({ tenant }) => tenant },
  { header: 'ended', value: ({ endedOn }) => endedOn },
  { header: 'due', value: ({ dueOn }) => dueOn },
  { header: 'returned', value: ({ returnedAt }) => returnedAt?.slice(0, 10) },
  { header: 'deleted', value: ({ deletedAt }) => deletedAt?.slice(0, 10) },
  { header: 'certificate', value: ({ certificateId }) => certificateId?.slice(0, 12) },
  { header: 'state', value: ({ verdict }) => verdict },
];
