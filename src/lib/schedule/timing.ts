import { createHash } from 'node:crypto';
import { parseDuration } from '../base/duration.ts';
import { usageError } from '../base/error.ts';
import type { JobName, JobSettings, Weekday } from '../config/schedule-settings.ts';

/** When a job begins, in the host's time, and by how many minutes it may be later. */
export type Timing = { readonly hour: number; readonly minute: number; readonly jitter: number } & (
  | { readonly every: 'hour' }
  | { readonly every: 'day' }
  | { readonly every: 'week'; readonly on: Weekday }
  | { readonly every: 'month'; readonly on: number }
);

/**
 * A job's own timing with what the configuration says instead.
 * @throws {PosternError} exit 2, `code: 'schedule'`: a day that does not go with how often it runs
 */
export function timingOf(job: JobName, own: Timing, settings: JobSettings): Timing {
  const every = settings.every ?? own.every;
  const [hour = own.hour, minute = own.minute] = settings.at?.split(':').map(Number) ?? [];
  const jitter =
    settings.jitter === undefined ? own.jitter : Math.round((parseDuration(settings.jitter) ?? 0) / 60_000);
  const on = settings.on ?? ('on' in own && own.every === every ? own.on : undefined);
  if (every === 'hour' || every === 'day') {
    if (settings.on !== undefined) throw wrongDay(job, `a job of every ${every} has no day`);
    return { every, hour, minute, jitter };
  }
  if (every === 'week') {
    if (typeof on === 'number') throw wrongDay(job, 'a weekly job needs a weekday');
    return { every, on: on ?? 'sunday', hour, minute, jitter };
  }
  if (typeof on === 'string') throw wrongDay(job, 'a monthly job needs a day from 1 to 28');
  return { every, on: on ?? 1, hour, minute, jitter };
}

function wrongDay(job: JobName, why: string): Error {
  return usageError(`schedule.jobs.${job}.on does not fit: ${why}`, { code: 'schedule' });
}

/**
 * The minutes by which this job of this profile is later, in a crontab, which knows no chance: the same on every
 * host and every day, spread over the jitter, and never past midnight or, for an hourly job, the hour.
 */
export function offsetOf({ every, hour, minute, jitter }: Timing, profile: string, job: JobName): number {
  const room = every === 'hour' ? 59 - minute : 24 * 60 - 1 - (hour * 60 + minute);
  const digest = createHash('sha256').update(`${profile}\0${job}`).digest();
  return digest.readUInt32BE() % (Math.min(jitter, room) + 1);
}

const milliseconds = { hour: 3_600_000, day: 86_400_000, week: 604_800_000, month: 31 * 86_400_000 } as const;

/**
 * How old the newest result may be before somebody must look: a period and a seventh of it, or twice its jitter where
 * that is longer, in words that `--max-age` takes. A weekly job may be eight days old.
 */
export function longestGap({ every, jitter }: Timing): string {
  const period = milliseconds[every];
  const hours = Math.ceil((period + Math.max(period / 7, 2 * jitter * 60_000)) / 3_600_000);
  return hours % 24 === 0 ? `${hours / 24}d` : `${hours}h`;
}
