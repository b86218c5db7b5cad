import { z } from 'zod';
import { columnName, label, ownColumn } from './common.ts';

export const reference = z
  .strictObject({
    as: label
      .optional()
      .describe('What owner and encrypted.by call it; unless told, the column without a final _id or _ref.'),
    column: z
      .union([ownColumn, z.array(ownColumn).min(1)], 'expected a column, or a list of columns')
      .describe('The referencing column, or the columns of a composite key.'),
    to: z
      .union([columnName, z.array(columnName).min(1)], 'expected schema.table.column, or a list of them')
      .describe('The referenced column, or columns of one table in the same order.'),
    kind: z
      .enum(['fk', 'soft'], 'expected fk or soft')
      .describe('fk: the database enforces it. soft: equal values by convention.'),
    fold: z
      .enum(['lower', 'nfc', 'lower-nfc'], 'expected one of lower, nfc, lower-nfc')
      .optional()
      .describe('Done to both sides before they are compared; only for soft ones.'),
    path: z
      .string()
      .startsWith('$', 'expected a JSONPath that starts with $')
      .optional()
      .describe('Where in a JSON column the value stands; only for soft ones.'),
    when: z
      .record(ownColumn, z.union([z.string(), z.number(), z.boolean()], 'expected a value of the column'))
      .optional()
      .describe('Only rows that have these values refer, as owner_type: Contact; only for soft ones.'),
    prefix: z
      .string()
      .min(1, 'expected what stands before the value')
      .optional()
      .describe(
        'What stands before the value, as principals/users/; rows without it do not refer. Only for soft ones.',
      ),
    suffix: z
      .string()
      .min(1, 'expected what stands behind the value')
      .optional()
      .describe('What stands behind the value; rows without it do not refer. Only for soft ones.'),
    on_delete: z
      .enum(
        ['no-action', 'restrict', 'cascade', 'set-null', 'set-default'],
        'expected one of no-action, restrict, cascade, set-null, set-default',
      )
      .optional()
      .describe('What the database does with the row when the referenced one is deleted; foreign keys only.'),
  })
  .refine(({ column, to }) => [column].flat().length === [to].flat().length, {
    error: 'expected as many columns in to as in column',
    path: ['to'],
  })
  .refine(
    ({ kind, fold, path, when, prefix, suffix }) =>
      kind === 'soft' || (fold ?? path ?? when ?? prefix ?? suffix) === undefined,
    {
      error: 'expected fold, path, when, prefix and suffix only where kind is soft',
      path: ['kind'],
    },
  )
  .refine(({ column, prefix, suffix }) => [column].flat().length === 1 || (prefix ?? suffix) === undefined, {
    error: 'expected prefix and suffix only where one column refers',
    path: ['column'],
  })
  .refine(({ kind, on_delete: rule }) => kind === 'fk' || rule === undefined, {
    error: 'expected on_delete only where kind is fk',
    path: ['on_delete'],
  });
