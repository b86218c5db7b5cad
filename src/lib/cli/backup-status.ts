import { basename } from 'node:path';
import type { Limits } from '../backup/status/assess.ts';
import type { WatchContext } from '../backup/status/status.ts';
import { keepRules } from './backup-keep.ts';
import { checkedState } from './checked-state.ts';
import { defined } from './cloud-settings.ts';
import type { PosternContext } from './context.ts';
import { durationFlag } from './duration-flag.ts';

/** All that `backup status` looks at; no store is opened yet. @throws {PosternError} exit 2 */
export async function watchContext(context: PosternContext): Promise<WatchContext> {
  const backup = context.settings('backup');
  return {
    profile: context.profile,
    now: context.clock.now(),
    state: () => checkedState(context),
    destinations: Object.entries(backup.destinations).map(([name, { required, lock, price }]) => ({
      name,
      required: required ?? true,
      lock: lock?.for ?? 0,
      price: price && { perGibMonth: price.per_gib_month, currency: price.currency },
      open: async () => {
        const { setStore } = await import('./backup-context.ts');
        return setStore(context, name);
      },
    })),
    keep: keepRules(backup.prune),
    recipients: await Promise.all(
      backup.recipients.map(async (path) => ({
        name: basename(path),
        armored: await context.readText('backup', path),
      })),
    ),
  };
}

interface LimitFlags {
  readonly 'max-age': string;
  readonly 'max-verify-age'?: string | undefined;
  readonly 'max-drill-age'?: string | undefined;
}

/** @throws {PosternError} exit 2, `duration-invalid` */
export function statusLimits(flags: LimitFlags): Limits {
  return {
    age: durationFlag('max-age', flags['max-age']) ?? 0,
    ...defined({
      verifyAge: durationFlag('max-verify-age', flags['max-verify-age']),
      drillAge: durationFlag('max-drill-age', flags['max-drill-age']),
    }),
  };
}
