import { z } from 'zod';
import { ownColumn, reason, todo } from './common.ts';

/** What becomes of one field when its person is erased and the row stays. */
export const fieldErasure = z
  .union(
    [
      z.enum(['shred', 'set-null', 'with-row', todo]),
      z.strictObject({
        redact: z.enum(
          ['element', 'address', 'node', 'value'],
          'expected one of element, address, node, value',
        ),
      }),
      z.strictObject({ replace: z.string() }),
      z.strictObject({ pseudonymise: z.literal('hmac', 'expected hmac') }),
      z.strictObject({ keep: reason }),
    ],
    'expected shred, set-null, with-row, TODO, or one of {redact: …}, {replace: …}, {pseudonymise: hmac}, {keep: why}',
  )
  .describe('What becomes of the field when its person is erased and the row stays.');

const whole = z.enum(
  ['delete', 'redact', 'restrict', 'detach', todo],
  'expected one of delete, redact, restrict, detach, or TODO',
);

/** What becomes of a row of a table when a person is erased who owns it, or has a share in it. */
export const tableErasure = z
  .union(
    [
      whole,
      z.strictObject({
        when_last_owner: z
          .enum(['delete', 'redact', 'restrict'], 'expected one of delete, redact, restrict')
          .describe('When no other owner is left.'),
        else: z.enum(['detach', 'redact', 'restrict'], 'expected one of detach, redact, restrict').optional(),
      }),
    ],
    'expected delete, redact, restrict, detach, TODO, or {when_last_owner: …, else: …}',
  )
  .describe('What becomes of the rows; fields that stay are treated by their own rules.');

const duration = /^P(?=\d|T\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?$/;

export const retention = z
  .union(
    [
      z.literal(todo),
      z.strictObject({
        keep: z
          .string()
          .regex(
            new RegExp(`${duration.source}|^until-termination$|^TODO$`),
            'expected an ISO 8601 duration such as P2Y, or until-termination',
          )
          .describe('How long a row is kept; until-termination: as long as its owner is a customer.'),
        law: z
          .string()
          .nullable()
          .optional()
          .describe('The law that demands it, which holds against an erasure; null: none.'),
        from: ownColumn.optional().describe('The column with the time at which the period starts.'),
      }),
    ],
    'expected {keep: …, law: …}, or TODO',
  )
  .describe('How long rows are kept, and by which law.');
