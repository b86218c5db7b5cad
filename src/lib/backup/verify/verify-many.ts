import { PosternError } from '../../base/error.ts';
import type { SetStore } from '../context.ts';
import { chooseBatch } from './batch.ts';
import type { SharedFiles, VerifyOptions } from './job.ts';
import type { BackupVerifyManyResult, BackupVerifyResult } from './results.ts';
import { type SetToVerify, targetsAt, type WhichSets } from './targets.ts';
import { verifySet } from './verify-set.ts';

export interface VerifyManyOptions extends Omit<VerifyOptions, 'batch' | 'newerKnown' | 'shared'> {
  readonly which: WhichSets;
}

/** As `--json` shows it, with the errors themselves. */
export interface VerifiedMany extends Omit<BackupVerifyManyResult, 'failures'> {
  readonly failures: readonly VerifyFailed[];
}

/** What could not be looked at; a set, or with null the destination. */
export interface VerifyFailed {
  readonly destination: string;
  readonly setId: string | null;
  readonly error: PosternError;
}

/**
 * Verifies sets in several destinations one after the other, the newest first. What cannot be looked at does not
 * hinder the others; the egress cap ends it all.
 */
export async function verifyMany(
  destinations: readonly SetStore[],
  options: VerifyManyOptions,
): Promise<VerifiedMany> {
  const { signal } = options;
  const failures: VerifyFailed[] = [];
  const targets: SetToVerify[] = [];
  for (const sets of destinations) {
    const found = await orFailure(failures, { destination: sets.destination, setId: null }, () =>
      targetsAt(sets, options.which, options),
    );
    targets.push(...(found ?? []));
  }
  const batch = options.which === 'all' ? await chooseBatch(targets, options) : undefined;
  const due = targets.filter((target) => batch?.isDone(target) !== true);
  const results: BackupVerifyResult[] = [];
  const remaining: SetToVerify[] = [];
  const shared: SharedFiles = new Map();
  for (const target of due) {
    signal.throwIfAborted();
    if (isCapped(results, failures)) {
      remaining.push(target);
      continue;
    }
    const { sets, setId, newerKnown } = target;
    const result = await orFailure(failures, nameOf(target), () =>
      verifySet(sets, setId, {
        ...options,
        newerKnown,
        shared,
        ...(batch === undefined ? {} : { batch: batch.id }),
      }),
    );
    if (result !== undefined) results.push(result);
  }
  return {
    results,
    failures,
    skipped: targets.filter((target) => batch?.isDone(target) === true).map(nameOf),
    remaining: remaining.map(nameOf),
  };
}

function nameOf({ sets, setId }: SetToVerify): { readonly destination: string; readonly setId: string } {
  return { destination: sets.destination, setId };
}

function isCapped(results: readonly BackupVerifyResult[], failures: readonly VerifyFailed[]): boolean {
  return (
    results.some(({ remaining }) => remaining.files > 0) ||
    failures.some(({ error }) => error.code === 'egress-cap')
  );
}

async function orFailure<T>(
  failures: VerifyFailed[],
  what: { readonly destination: string; readonly setId: string | null },
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    failures.push({ ...what, error });
    return undefined;
  }
}
