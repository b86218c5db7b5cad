import type { PruneContext, PruneOptions } from '../backup/prune/index.ts';
import { setStore } from './backup-context.ts';
import { keepRules } from './backup-keep.ts';
import type { PosternContext } from './context.ts';
import { destinationSettings } from './destinations.ts';
import { durationFlag } from './duration-flag.ts';
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
  const settings = context.settings('backup').prune;
  const configured = keepRules(settings);
  return {
    keep: {
      last: flags['keep-last'] ?? configured.last,
      daily: flags['keep-daily'] ?? configured.daily,
      weekly: flags['keep-weekly'] ?? configured.weekly,
      monthly: flags['keep-monthly'] ?? configured.monthly,
      yearly: flags['keep-yearly'] ?? configured.yearly,
    },
    grace: durationFlag('orphan-grace', flags['orphan-grace']) ?? settings?.orphan_grace ?? defaults.grace,
  };
}
