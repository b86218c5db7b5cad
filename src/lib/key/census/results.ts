// What `key census` returns under --json.
import { z } from 'zod';

const count = z.number().int().nonnegative();

export const censusColumn = z.strictObject({
  /** Canonical `schema.table`. */
  table: z.string(),
  column: z.string(),
  keyring: z.string().nullable(),
  values: count,
  bytes: count,
  /** By what the values say of themselves and the keyring of their keys; nothing was decrypted. */
  groups: z.array(
    z.strictObject({
      /** `hashed`: keyed hashes, of the version whose turn the column is. */
      format: z.enum(['plain', 'truncated', 'version', 'keyed', 'hashed']),
      /** Of the keys, in the keyring; null where it does not have them. */
      state: z.string().nullable(),
      kek: z.string().nullable(),
      /** Whether no younger version of the same key is there. */
      isNewest: z.boolean().nullable(),
      keys: count,
      values: count,
      bytes: count,
      /** Values under the one key that has most of them; 0 where they name no key. */
      mostUnderOneKey: count,
      /** How many stand beside a key id that is not theirs. */
      differing: count,
    }),
  ),
});

const censusFinding = z.strictObject({
  code: z.enum([
    'value-plain',
    'value-truncated',
    'value-version',
    'key-unknown',
    'key-old',
    'key-compromised',
    'key-id-differs',
    'hash-missing',
    'column-undeclared',
    'keyring-undeclared',
  ]),
  table: z.string(),
  column: z.string(),
  values: count,
  message: z.string(),
});

export const keyCensusResult = z.strictObject({
  database: z.string(),
  columns: z.array(censusColumn),
  /** Encrypted columns in the application's own format: only it can count them. */
  otherFormats: z.array(z.strictObject({ table: z.string(), column: z.string() })),
  /** False under --declared-only: columns that the map does not call encrypted were not looked at. */
  lookedForUndeclared: z.boolean(),
  findings: z.array(censusFinding),
});

export type CensusColumn = z.infer<typeof censusColumn>;
export type CensusFinding = z.infer<typeof censusFinding>;
export type KeyCensusResult = z.infer<typeof keyCensusResult>;
