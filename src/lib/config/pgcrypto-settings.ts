import { z } from 'zod';
import { secretReference } from './secret.ts';

const passphrase = z
  .string()
  .regex(secretReference, 'expected ${file:PATH} or ${env:NAME}, never the passphrase itself');

/** `keys.pgcrypto` in a profile: what opens the columns that are adopted from pgcrypto. */
export const pgcryptoSettings = z
  .record(z.string().min(1), passphrase)
  .describe('passphrases of columns that pgcrypto encrypted, by schema.table.column');
