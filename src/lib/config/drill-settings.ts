import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';
import { secretReference } from './secret.ts';

const duration = z.string().transform((value, context) => {
  const milliseconds = parseDuration(value);
  if (milliseconds !== undefined) return milliseconds;
  context.addIssue({ code: 'custom', message: 'expected a duration such as 4h or 90s' });
  return z.NEVER;
});

const smokeQuery = z.strictObject({
  source: z.string().optional().describe('the database of the set; platform unless told'),
  sql: z.string().min(1).describe('one query that reads; tables are named with their schema: public.message'),
  timeout: duration.optional().describe('30s, unless told'),
  expect: z
    .strictObject({
      rows: z.number().int().nonnegative().optional().describe('exactly so many rows'),
      min: z.number().optional().describe('one value, a number, at least this'),
      equals: z
        .union([z.string(), z.number(), z.boolean(), z.null()])
        .optional()
        .describe('one value, exactly this'),
    })
    .refine((value) => Object.keys(value).length > 0, 'expected rows, min or equals'),
});

/** `backup.drill` in a profile. */
export const drillSettings = z
  .strictObject({
    server_url: z
      .string()
      .regex(secretReference, 'expected a reference, ${file:PATH} or ${env:NAME}; the URL holds a password')
      .optional()
      .describe(
        'a secret: a superuser login on a server for scratch databases; without it, an embedded server is started for each drill',
      ),
    rto: duration.optional().describe('how long a restore may take until it is open; more is a finding'),
    smoke: z
      .record(
        z
          .string()
          .regex(
            /^[a-z][a-z0-9_-]*$/,
            'expected a name of lowercase letters, digits, - and _, beginning with a letter',
          ),
        smokeQuery,
      )
      .optional()
      .describe('queries by name, and what they must give in a restored database'),
  })
  .describe('what `backup drill` restores on, and what it asks');

export type DrillSettings = z.infer<typeof drillSettings>;
