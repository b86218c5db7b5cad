import { z } from 'zod';
import { columnName, ownColumn } from './common.ts';

/** A column that holds a keyed hash of another one of its row: a blind index, or a pseudonym. */
export const keyedHash = z
  .strictObject({
    of: ownColumn.describe('The column of this row that is hashed.'),
    key: columnName.describe('The column that holds the wrapped HMAC key, in a keyring without subjects.'),
    versions: z
      .enum(['odd', 'even'], 'expected odd or even')
      .describe('Which versions of the key this column is for; another column of the row is for the others.'),
    normalise: z
      .array(z.enum(['trim', 'lower', 'nfc'], 'expected one of trim, lower, nfc'))
      .optional()
      .describe('Steps, in order, that are done to the text before it is hashed; none unless told.'),
    bits: z
      .int('expected a whole number')
      .min(32, 'expected 32 bits or more')
      .max(256, 'expected 256 bits or fewer')
      .multipleOf(8, 'expected a multiple of 8')
      .optional()
      .describe('How many leading bits of HMAC-SHA-256 are kept; 256 unless told.'),
  })
  .describe('A keyed hash of another column of the row: docs/formats/keyed-hash.md.');
