import { z } from 'zod';
import { bucketSettings } from './bucket-settings.ts';
import { secretReference } from './secret.ts';

const key = z
  .string()
  .regex(secretReference, 'expected ${file:PATH} or ${env:NAME}, never the key itself')
  .describe('a key of 32 bytes or more, 64 hexadecimal digits or base64: a reference, never the key itself');

const pseudonymKey = z.strictObject({
  version: z
    .int('expected a whole number')
    .min(1, 'expected 1 or more')
    .max(9999, 'expected 9999 or less')
    .describe('stands in every pseudonym that it makes; never used for another key'),
  key,
});

/**
 * `subjects` in a profile: the keys by which persons are known again, and by which pseudonyms are made, and where their
 * data is beside the database.
 */
export const subjectSettings = z
  .strictObject({
    hmac_keys: z
      .array(key)
      .min(1, 'expected at least one key')
      .optional()
      .describe('hashes of names in holds, objections and the erasure ledger; the first makes new ones'),
    pseudonym_keys: z
      .array(pseudonymKey)
      .min(1, 'expected at least one key')
      .refine(
        (list) => list.every(({ version }, index) => version < (list[index - 1]?.version ?? Infinity)),
        'expected the newest version first, and none twice',
      )
      .optional()
      .describe('pseudonyms of erased persons where the data map says so; the newest first'),
    buckets: bucketSettings
      .optional()
      .describe(
        'where the objects of persons are, by the names that the data map gives buckets; those of backup.objects unless told',
      ),
    logs: z
      .array(z.string().min(1, 'expected a path'))
      .optional()
      .describe(
        'log files that may name persons: paths, in which * stands for anything but a /, ** for folders; what is compressed by gzip or zstd is opened',
      ),
  })
  .describe(
    'the keys of names, and where data of persons is beside the database: docs/holds.md, docs/objection.md, docs/pseudonyms.md, docs/subject.md',
  );
