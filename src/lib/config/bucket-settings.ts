import { z } from 'zod';

/** The buckets of the data map, and the stores that have their objects. */
export const bucketSettings = z
  .record(
    z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
        'expected the name of a bucket: letters, digits, dots, - and _, beginning with a letter or a digit',
      ),
    z.strictObject({
      store: z.string().describe('the name of the store that has the objects'),
      prefix: z
        .string()
        .optional()
        .describe('what stands in front of every key of the bucket inside the store'),
    }),
  )
  .refine((found) => Object.keys(found).length > 0, 'expected at least one bucket');
