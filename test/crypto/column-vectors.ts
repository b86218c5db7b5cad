import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { projectRoot } from '../support/cli.ts';

const hex = z
  .string()
  .regex(/^(?:[0-9a-f]{2})*$/)
  .transform((digits) => Buffer.from(digits, 'hex'));
const place = z.strictObject({
  table: z.string(),
  column: z.string(),
  primaryKey: z.array(z.string()),
  subject: z.string(),
});
const vector = z.strictObject({
  name: z.string(),
  dataKey: hex,
  keyId: z.guid(),
  salt: hex,
  place,
  plaintext: hex,
  cipherKey: hex,
  nonce: hex,
  commitment: hex,
  additionalData: hex,
  value: hex,
});
const refusedVector = z.strictObject({ name: z.string(), code: z.string(), dataKey: hex, place, value: hex });

export const vectorFile = join(projectRoot, 'docs/formats/column-value-vectors.json');

/** The test vectors of docs/formats/column-value.md, which the reader in Python wrote and not the code under test. */
export const columnVectors = z
  .strictObject({
    format: z.literal('postern-column-value-vectors'),
    version: z.literal(1),
    vectors: z.array(vector).min(12),
    refused: z.array(refusedVector).min(5),
  })
  .parse(JSON.parse(readFileSync(vectorFile, 'utf8')));
