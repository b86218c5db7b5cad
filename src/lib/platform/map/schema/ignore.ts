import { z } from 'zod';
import { reason, tableName } from './common.ts';

export const ignored = z
  .union(
    [
      z.strictObject({ table: tableName, reason }),
      z.strictObject({ schema: z.string().min(1, 'expected the name of a schema'), reason }),
      z.strictObject({
        bucket: z.string().min(1, 'expected the name of a bucket'),
        prefix: z.string().optional(),
        reason,
      }),
    ],
    'expected one of {table, reason}, {schema, reason}, {bucket, prefix, reason}',
  )
  .describe('What holds no personal data, and why.');
