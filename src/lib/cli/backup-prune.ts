import type { PruneContext } from '../backup/prune/context.ts';
import type { PruneOptions } from '../backup/prune/plan-prune.ts';
import { parseDuration } from '../base/duration.ts';
import { usageError } from '../base/error.ts';
import { destinationSettings, setStore } from './backup-context.ts';
import type { PosternContext } from './context.ts';
import { operationContext } from './operation-context.ts';

const defaults = { keyringAge: 35 * 86_400_000, grace: 7 * 86_400_000 } as const;

/** All that pruning needs. @throws {PosternError} exit 2 */
export async function pruneContext(context: PosternContext): Promise<PruneContext> {
  return {
    ...(await operationContext(context)),
    destination: async (name) => {
      const { store, prefix } = await setStore(context, name);
      const settings = context.settings('backup').destinations[name];
      const lock = settings && destinationSettings(context.profile, settings).keyringLock;
      return { name, store, prefix, keyringAge: lock?.duration ?? defaults.keyringAge };
    },
  };
}

/** The destination that is asked for, or the first one. */
export function pruneDestination(context: PosternContext, from: string | undefined): string {
  return from ?? Object.keys(context.settings('backup').destinations)[0] ?? '';
}

/** The flags that say what is kept. */
interface KeepFlags {
  readonly 'keep-last'?: number | undefined;
  readonly 'keep-daily'?: number | undefined;
  readonly 'keep-weekly'?: number | undefined;
  readonly 'keep-monthly'?: number | undefined;
  readonly 'keep-yearly'?: number | undefined;
  readonly 'orphan-grace'?: string | undefined;
}

/** Each flag stands above the same key of `backup.prune`; what neither names keeps nothing. @throws {PosternError} exit 2 */
export function pruneOptions(context: PosternContext, flags: KeepFlags): PruneOptions {
  const settings = context.settings('backup').prune ?? {};
  return {
    keep: {
      last: flags['keep-last'] ?? settings.keep_last ?? 0,
      daily: flags['keep-daily'] ?? settings.keep_daily ?? 0,
      weekly: flags['keep-weekly'] ?? settings.keep_weekly ?? 0,
      monthly: flags['keep-monthly'] ?? settings.keep_monthly ?? 0,
      yearly: flags['keep-yearly'] ?? settings.keep_yearly ?? 0,
    },
    grace: graceOf(flags['orphan-grace']) ?? settings.orphan_grace ?? defaults.grace,
  };
}

function graceOf(text: string | undefined): number | undefined {
  const grace = text === undefined ? undefined : parseDuration(text);
  if (text === undefined || grace !== undefined) return grace;
  throw usageError(`${JSON.stringify(text)} is not a duration`, {
    code: 'duration-invalid',
    hints: ['write --orphan-grace 7d, for example'],
  });
}
