import { z } from 'zod';
import { jobNames } from '../config/schedule-settings.ts';

const job = z.enum(jobNames);

/** What `schedule print` answers. */
export const schedulePrintResult = z.strictObject({
  profile: z.string(),
  format: z.enum(['systemd', 'cron']),
  /** `when` is a systemd calendar expression; in a crontab the job begins up to `jitterMinutes` later. */
  jobs: z.array(
    z.strictObject({
      job,
      when: z.string(),
      jitterMinutes: z.number().int(),
      argv: z.array(z.string()),
    }),
  ),
  leftOut: z.array(z.strictObject({ job, why: z.string() })),
  files: z.array(z.strictObject({ path: z.string(), text: z.string() })),
});

export type SchedulePrintResult = z.infer<typeof schedulePrintResult>;
