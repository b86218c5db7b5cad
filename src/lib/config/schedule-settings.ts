import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';
import { secretReference } from './secret.ts';

/** What can run regularly, by the names that stand in the configuration, in unit names and in metrics. */
export const jobNames = [
  'backup-run',
  'backup-verify',
  'backup-verify-full',
  'backup-drill',
  'backup-prune',
  'backup-status',
  'key-status',
  'key-dkim-check',
  'map-check',
  'request-list',
  'hold-list',
  'tenant-list',
  'audit-verify',
  'doctor',
] as const;
export type JobName = (typeof jobNames)[number];

export const weekdays = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const;
export type Weekday = (typeof weekdays)[number];

const pingUrl = z
  .string()
  .regex(secretReference, 'expected a reference, ${file:PATH} or ${env:NAME}; the URL carries a token')
  .describe(
    'a secret: where the URL is that is told of start and end; {job} in the URL is the name of the job',
  );

const jobSettings = z.strictObject({
  enabled: z.boolean().optional().describe('false leaves the job out'),
  every: z.enum(['hour', 'day', 'week', 'month']).optional(),
  on: z
    .union([z.enum(weekdays), z.number().int().min(1).max(28)])
    .optional()
    .describe('the weekday of a weekly job; the day of the month, 1 to 28, of a monthly one'),
  at: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day such as 02:30')
    .optional()
    .describe("when it begins at the earliest, in the host's time; of an hourly job the minutes count"),
  jitter: z
    .string()
    .refine((text) => (parseDuration(text) ?? Number.POSITIVE_INFINITY) <= 86_400_000, {
      message: 'expected a duration of at most a day such as 30m',
    })
    .optional()
    .describe('how much later it may begin, so that not all begin at once'),
  ping_url: pingUrl.optional(),
});

/** `schedule` in a profile: what `schedule print` prints instead of its own times. */
export const scheduleSettings = z
  .strictObject({
    ping_url: pingUrl.optional(),
    jobs: z.partialRecord(z.enum(jobNames), jobSettings).optional(),
  })
  .describe('what runs regularly, and when');

export type ScheduleSettings = z.infer<typeof scheduleSettings>;
export type JobSettings = z.infer<typeof jobSettings>;
