import { z } from 'zod';
import { parseObjectKey } from '../object-key.ts';
import { ownColumn } from './common.ts';

/** A table of wrapped data encryption keys, one version of a key a row. */
export const keyring = z
  .strictObject({
    description: z.string().optional(),
    id: ownColumn.describe('The UUID that encrypted values name.'),
    subject: ownColumn
      .optional()
      .describe('Whose key it is; left out where one key serves a whole table or platform.'),
    version: ownColumn.describe('A whole number; the highest is the newest.'),
    state: ownColumn.describe(
      'Text: pre-active, active, decrypt-only, drained, disabled, destroyed or compromised.',
    ),
    kek: ownColumn.describe('The id or ARN of the KMS key that wraps it; never an alias.'),
    wrapped: ownColumn.describe('The wrapped key, bytea.'),
    material: ownColumn
      .optional()
      .describe('Text: the id of the material inside the KMS key, where the service tells it.'),
    created: ownColumn.optional().describe('When the version was made.'),
    context: z
      .record(
        z.string().min(1),
        z.string().refine((template) => parseObjectKey(template) !== undefined, 'expected matching braces'),
      )
      .optional()
      .describe('The encryption context, with {column} for the values of this row.'),
  })
  .describe('Wrapped data encryption keys, one version of a key a row.');

/** How an encrypted column is written; only `postern` can be encrypted again by postern. */
export const valueFormat = z
  .enum(['postern', 'other'], 'expected postern or other')
  .describe('postern (unless told): docs/formats/column-value.md. other: the application’s own.');

/** What the values of `from` are. */
export const sourceFormat = z
  .enum(['plain', 'pgcrypto'], 'expected plain or pgcrypto')
  .describe('plain (unless told): in clear. pgcrypto: by pgp_sym_encrypt of the extension pgcrypto.');

export const logicalName = z
  .string()
  .regex(
    /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/,
    'expected table.column, the names that are bound into every value',
  )
  .describe(
    'The names that are bound into every value, table.column; they stay when the database renames either. The names of the database unless told.',
  );
