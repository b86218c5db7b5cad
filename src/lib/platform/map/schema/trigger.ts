import { z } from 'zod';
import { choice, tableName } from './common.ts';

export const trigger = z
  .strictObject({
    effect: choice(['none', 'changes-row', 'copies-pii', 'deletes-pii', 'sends-pii']).describe(
      'copies-pii: writes old or new values into another table. sends-pii: hands them to somebody outside.',
    ),
    to: z
      .union([tableName, z.array(tableName).min(1)], 'expected schema.table, or a list of them')
      .optional()
      .describe('The tables that it writes to or deletes from.'),
    description: z.string().optional(),
  })
  .refine(({ effect, to }) => to !== undefined || (effect !== 'copies-pii' && effect !== 'deletes-pii'), {
    error: 'expected to, the table that the trigger changes',
    path: ['to'],
  });
