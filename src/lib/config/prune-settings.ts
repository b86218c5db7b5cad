import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';

const places = z.number().int().min(0).max(10_000).optional();

/** `backup.prune`: what `backup prune` keeps where its flags say nothing else. */
export const pruneSettings = z
  .strictObject({
    keep_last: places.describe('the newest so many sets'),
    keep_daily: places.describe('the newest set of each of so many days, in UTC'),
    keep_weekly: places.describe('the newest set of each of so many weeks, from Monday'),
    keep_monthly: places.describe('the newest set of each of so many months'),
    keep_yearly: places.describe('the newest set of each of so many years'),
    orphan_grace: z
      .string()
      .transform((value, context) => {
        const milliseconds = parseDuration(value);
        if (milliseconds !== undefined) return milliseconds;
        context.addIssue({ code: 'custom', message: 'expected a duration such as 7d' });
        return z.NEVER;
      })
      .optional()
      .describe('7d, unless told: parts of a run that made no set are left alone for so long'),
  })
  .describe('which sets are kept; a set that no rule keeps may be pruned once its lock has ended');

/** `backup.destinations.NAME.price`: for the forecast of `backup status`. */
export const priceSettings = z
  .strictObject({
    per_gib_month: z.number().nonnegative().describe('what a GiB costs for a month'),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'expected a currency of ISO 4217 such as EUR')
      .describe('of ISO 4217: EUR'),
  })
  .describe('what the store asks for, so that `backup status` can say what the sets cost');
