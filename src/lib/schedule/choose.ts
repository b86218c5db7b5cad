import { type JobName, jobNames, type ScheduleSettings } from '../config/schedule-settings.ts';
import type { ProfileSettings } from '../config/schema.ts';
import { type JobDefinition, jobs } from './job.ts';
import { type Timing, timingOf } from './timing.ts';

/** A command as far as it must be known here. */
export interface KnownCommand {
  /** `backup:run` */
  readonly id: string;
  /** By name; `options` are the values that one takes, where they are few. */
  readonly flags: Readonly<Record<string, object>>;
}

/** A job that is to run, with everything that its unit or its line says. */
export interface ScheduledJob {
  readonly name: JobName;
  readonly profile: string;
  readonly summary: string;
  /** Program and arguments. */
  readonly argv: readonly string[];
  readonly timing: Timing;
}

export interface LeftOut {
  readonly job: JobName;
  readonly why: string;
}

export interface ChooseOptions {
  readonly profile: string;
  readonly parts: ProfileSettings;
  readonly settings: ScheduleSettings;
  readonly commands: readonly KnownCommand[];
  /** Only these; all of them when empty. */
  readonly only: readonly JobName[];
  /** How postern is started there: program and first arguments. */
  readonly program: readonly string[];
  readonly configFile: string;
  readonly prometheusFolder?: string | undefined;
}

/**
 * What should run regularly: each job whose command is in this postern, that the profile has everything for, and that
 * the configuration does not switch off.
 * @throws {PosternError} exit 2, `code: 'schedule'`: times that do not fit together
 */
export function chooseJobs(options: ChooseOptions): {
  readonly jobs: readonly ScheduledJob[];
  readonly leftOut: readonly LeftOut[];
} {
  const { only, settings, parts, commands } = options;
  const timing = (job: JobName): Timing => timingOf(job, jobs[job].timing, settings.jobs?.[job] ?? {});
  const run = timing('backup-run');
  const chosen: ScheduledJob[] = [];
  const leftOut: LeftOut[] = [];
  for (const name of jobNames.filter((job) => only.length === 0 || only.includes(job))) {
    const job = jobs[name];
    const argv = job.argv(run);
    const why =
      settings.jobs?.[name]?.enabled === false
        ? `schedule.jobs.${name} is not enabled`
        : (unknownWord(argv, commands) ?? lacking(job, parts));
    if (why !== undefined) leftOut.push({ job: name, why });
    else {
      const { profile } = options;
      const words = [...options.program, ...argv, ...commonFlags(name, argv, options)];
      chosen.push({ name, profile, summary: job.summary, argv: words, timing: timing(name) });
    }
  }
  return { jobs: chosen, leftOut };
}

function lacking({ lacks }: JobDefinition, parts: ProfileSettings): string | undefined {
  const part = lacks(parts);
  return part === undefined ? undefined : `the profile has no ${part}`;
}

/** Why this postern would not take these words. */
function unknownWord(argv: readonly string[], commands: readonly KnownCommand[]): string | undefined {
  const firstFlag = argv.findIndex((word) => word.startsWith('--'));
  const words = firstFlag === -1 ? argv : argv.slice(0, firstFlag);
  const command = commands.find(({ id }) => id === words.join(':'));
  if (command === undefined) return `this postern has no ${words.join(' ')}`;
  for (const [index, word] of argv.entries()) {
    if (!word.startsWith('--')) continue;
    const flag = command.flags[word.slice(2)];
    const value = argv[index + 1];
    if (flag === undefined) return `its ${words.join(' ')} has no ${word}`;
    if ('options' in flag && Array.isArray(flag.options) && !flag.options.includes(value))
      return `its ${words.join(' ')} has no ${word} ${value}`;
  }
  return undefined;
}

function commonFlags(
  name: JobName,
  argv: readonly string[],
  { profile, configFile, prometheusFolder, settings }: ChooseOptions,
): readonly string[] {
  const pingUrl = settings.jobs?.[name]?.ping_url ?? settings.ping_url;
  const ownName = argv.slice(0, 2).join('-');
  return [
    '--config',
    configFile,
    '--profile',
    profile,
    '--no-input',
    ...(name === ownName || argv.length === 1 ? [] : ['--job', name]),
    ...(prometheusFolder === undefined
      ? []
      : ['--prometheus', `${prometheusFolder}/postern-${profile}-${name}.prom`]),
    ...(pingUrl === undefined ? [] : ['--ping-url', pingUrl]),
  ];
}
