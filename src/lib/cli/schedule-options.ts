import { dirname, resolve } from 'node:path';
import type { LoadedConfig } from '../config/load.ts';
import { resolvePath } from '../config/path.ts';
import type { JobName, ScheduleSettings } from '../config/schedule-settings.ts';
import { secretReference } from '../config/secret.ts';
import { chooseJobs, type KnownCommand } from '../schedule/choose.ts';
import { crontab } from '../schedule/cron.ts';
import type { SchedulePrintResult } from '../schedule/result.ts';
import { calendar, systemdUnits } from '../schedule/systemd.ts';
import type { PosternContext } from './context.ts';

/** `schedule` of the profile, with the paths of its secrets made absolute: what is printed is read elsewhere. */
function scheduleOf(config: LoadedConfig): ScheduleSettings {
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
function writableFolders(context: PosternContext): readonly string[] {
  return Object.values(context.config.profile.stores ?? {}).flatMap((store) =>
    store.adapter === 'local' ? [context.path('stores', store.path)] : [],
  );
}

/** Parts of the profile that stand in another file, and are not there for a job that is told `--config`. */
export function partsElsewhere({ origins, file }: LoadedConfig): readonly string[] {
  return Object.entries(origins).flatMap(([part, origin]) => (origin === file ? [] : [part]));
}

/** The flags of `schedule print`, as they were given. */
export interface ScheduleFlags {
  readonly format: 'systemd' | 'cron';
  readonly job?: readonly JobName[] | undefined;
  readonly user?: string | undefined;
  readonly program?: string | undefined;
  readonly 'prometheus-dir'?: string | undefined;
  readonly 'environment-file'?: string | undefined;
  readonly 'lock-dir': string;
}

/**
 * The files, and what stands in them.
 * @param started how postern was started here: program and first arguments
 * @throws {PosternError} exit 2 as `chooseJobs` and `crontab`
 */
export function printedSchedule(
  context: PosternContext,
  flags: ScheduleFlags,
  { commands, started }: { readonly commands: readonly KnownCommand[]; readonly started: readonly string[] },
): SchedulePrintResult {
  const { config, profile } = context;
  const { format, user } = flags;
  const prometheusFolder = absolutePath(flags['prometheus-dir']);
  const environmentFile = absolutePath(flags['environment-file']);
  const { jobs, leftOut } = chooseJobs({
    profile,
    parts: config.profile,
    settings: scheduleOf(config),
    commands,
    only: flags.job ?? [],
    program: flags.program === undefined ? started : [resolve(flags.program)],
    configFile: config.file,
    prometheusFolder,
  });
  const writable = [
    ...writableFolders(context),
    ...(prometheusFolder === undefined ? [] : [prometheusFolder]),
  ];
  const files =
    format === 'systemd'
      ? systemdUnits(jobs, { user: user ?? 'postern', environmentFile, writable })
      : [crontab(jobs, { profile, user, environmentFile, lockFolder: resolve(flags['lock-dir']) })];
  return {
    profile,
    format,
    jobs: jobs.map(({ name, argv, timing }) => ({
      job: name,
      when: calendar(timing),
      jitterMinutes: timing.jitter,
      argv: [...argv],
    })),
    leftOut: [...leftOut],
    files: [...files],
  };
}

function absolutePath(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}
