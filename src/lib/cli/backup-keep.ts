import type { KeepRules } from '../backup/prune/rules.ts';
import type { ProfileSettings } from '../config/schema.ts';

type PruneSettings = NonNullable<ProfileSettings['backup']>['prune'];

/** The rules of `backup.prune`; what it does not name keeps nothing. */
export function keepRules(settings: PruneSettings): KeepRules {
  return {
    last: settings?.keep_last ?? 0,
    daily: settings?.keep_daily ?? 0,
    weekly: settings?.keep_weekly ?? 0,
    monthly: settings?.keep_monthly ?? 0,
    yearly: settings?.keep_yearly ?? 0,
  };
}
