import { counted } from '../base/counted.ts';
import { usageError } from '../base/error.ts';
import type { PlannedShred } from '../key/shred/index.ts';
import type { KeyShredResult } from '../key/shred/results.ts';
import { canonicalName } from '../platform/map/index.ts';
import type { SubmittedPlan } from './submit-plan.ts';

/** @throws {PosternError} exit 2, `subject-empty` */
export async function shredOptions(
  given: string,
  { keyring, reason }: { readonly keyring?: string | undefined; readonly reason: string },
) {
  const { text } = await import('node:stream/consumers');
  const subject = given === '-' ? (await text(process.stdin)).replace(/\r?\n$/, '') : given;
  if (subject === '') throw usageError('no subject was given', { code: 'subject-empty' });
  return { keyring: keyring === undefined ? undefined : canonicalName(keyring), subject, reason };
}

/** What becomes unreadable, and until when backups may hold a copy of the key. */
export function shredLines({ inputs, horizon }: PlannedShred): readonly string[] {
  const { keyring, keys, values } = inputs;
  return [
    `${counted(keys.length, 'version')} of the subject's key in ${keyring}`,
    ...values.map(
      ({ table, column, values: count }) =>
        `${counted(count, 'value')} of ${table}.${column} become unreadable`,
    ),
    horizon.until === null
      ? 'the register knows no backup with a locked copy of the wrapped key'
      : `backups may hold a copy of the wrapped key until ${horizon.until} (set ${horizon.because?.setId ?? ''} at ${horizon.because?.destination ?? ''})`,
    ...(horizon.unlocked === 0
      ? []
      : [`${horizon.unlocked} without a lock: removed by backup prune after their age`]),
  ];
}

export function shredResult(
  { plan, inputs, horizon }: PlannedShred,
  { outcome, applied }: SubmittedPlan,
): KeyShredResult {
  return {
    keyring: inputs.keyring,
    keys: inputs.keys.length,
    values: [...inputs.values],
    backupsUntil: horizon.until,
    because: horizon.because,
    unlockedCopies: horizon.unlocked,
    planId: plan.id,
    outcome,
    certificateId: applied?.certificateId ?? null,
  };
}
