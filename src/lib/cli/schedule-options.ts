import { dirname } from 'node:path';
import type { LoadedConfig } from '../config/load.ts';
import { resolvePath } from '../config/path.ts';
import type { ScheduleSettings } from '../config/schedule-settings.ts';
import { secretReference } from '../config/secret.ts';
import type { PosternContext } from './context.ts';

/** `schedule` of the profile, with the paths of its secrets made absolute: what is printed is read elsewhere. */
export function scheduleOf(config: LoadedConfig): ScheduleSettings {
  const { schedule = {} } = config.profile;
  const folder = dirname(config.origins['schedule'] ?? config.file);
  const jobs = Object.entries(schedule.jobs ?? {}).map(([name, job]) => [
    name,
    { ...job, ...absolute(job.ping_url, folder) },
  ]);
  return { ...schedule, ...absolute(schedule.ping_url, folder), jobs: Object.fromEntries(jobs) };
}

function absolute(reference: string | undefined, folder: string): Pick<ScheduleSettings, 'ping_url'> {
  if (reference === undefined) return {};
  const [, kind, path = ''] = secretReference.exec(reference) ?? [];
  return { ping_url: kind === 'file' ? `\${file:${resolvePath(path, folder)}}` : reference };
}

/** The folders that jobs of this profile write to. */
export function writableFolders(context: PosternContext): readonly string[] {
  return Object.values(context.config.profile.stores ?? {}).flatMap((store) =>
    store.adapter === 'local' ? [context.path('stores', store.path)] : [],
  );
}

/** Parts of the profile that stand in another file, and are not there for a job that is told `--config`. */
export function partsElsewhere({ origins, file }: LoadedConfig): readonly string[] {
  return Object.entries(origins).flatMap(([part, origin]) => (origin === file ? [] : [part]));
}
