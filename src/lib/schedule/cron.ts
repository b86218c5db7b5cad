import { usageError } from '../base/error.ts';
import { shellQuote } from '../base/shell-quote.ts';
import { weekdays } from '../config/schedule-settings.ts';
import type { ScheduledJob } from './choose.ts';
import type { ScheduleFile } from './systemd.ts';
import { offsetOf } from './timing.ts';

export interface CronOptions {
  readonly profile: string;
  /** For a file in /etc/cron.d; left out for a user's own crontab, which has no such column. */
  readonly user?: string | undefined;
  /** `KEY=value` lines that the shell reads. */
  readonly environmentFile?: string | undefined;
  /** Where the locks are: a folder of the user's own, since anybody could hold a lock in a shared one. */
  readonly lockFolder: string;
}

/** Longer lines are cut by cron. */
const longestCommand = 998;

/**
 * One crontab with a line for each job. cron mails what a line prints: warnings and errors always, results only when
 * the job ends with another code than 0.
 * @throws {PosternError} exit 2, `code: 'cron-line-too-long'`
 */
export function crontab(jobs: readonly ScheduledJob[], options: CronOptions): ScheduleFile {
  const { user, profile, lockFolder } = options;
  const path = user === undefined ? 'crontab' : `/etc/cron.d/postern-${profile}`;
  const own = user === undefined ? '"$(id -un)"' : user;
  const head = `# Regular runs of postern for the profile ${profile}. Times are the host's. cron does not make up for
# what was missed while the host was off; systemd timers do.
# Once: install -d -m 0700 -o ${own} ${shellQuote(lockFolder)}
# A second run of the same job is not started (flock); postern's own lock ends one on another host with 11.
SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# Warnings, errors and what fails is mailed to the owner of this crontab, or to:
# MAILTO=operations@example.org
`;
  return { path, text: `${head}${jobs.map((job) => line(job, options)).join('')}` };
}

function line(job: ScheduledJob, { user, environmentFile, lockFolder }: CronOptions): string {
  const { name, profile, summary } = job;
  const lock = `${lockFolder}/postern-${profile}-${name}.lock`;
  const words = ['flock', '-n', '-E', '11', lock, ...job.argv, '--quiet'].map(shellQuote).join(' ');
  const environment =
    environmentFile === undefined ? '' : `set -a && . ${shellQuote(environmentFile)} && set +a && `;
  const report = `printf 'postern ${name} (${profile}) ended with %s\\n%s\\n' "$?" "$out"`;
  // An unescaped % is a line feed to cron.
  const command = `out=$(${environment}exec ${words}) || ${report}`.replaceAll('%', '\\%');
  if (command.length > longestCommand) {
    throw usageError(
      `the line of ${name} would have ${command.length} characters, and cron cuts it after ${longestCommand}`,
      {
        code: 'cron-line-too-long',
        hints: ['use shorter paths, a wrapper with --program, or --format systemd'],
      },
    );
  }
  return `\n# ${summary}\n${[...fields(job), ...(user === undefined ? [] : [user]), command].join(' ')}\n`;
}

/** Minute, hour, day of the month, month, day of the week: crontab(5). */
function fields({ name, profile, timing }: ScheduledJob): readonly string[] {
  const minutes = timing.hour * 60 + timing.minute + offsetOf(timing, profile, name);
  const minute = String(minutes % 60);
  const hour = String(Math.floor(minutes / 60));
  if (timing.every === 'hour') return [minute, '*', '*', '*', '*'];
  if (timing.every === 'day') return [minute, hour, '*', '*', '*'];
  if (timing.every === 'month') return [minute, hour, String(timing.on), '*', '*'];
  return [minute, hour, '*', '*', String((weekdays.indexOf(timing.on) + 1) % 7)];
}
