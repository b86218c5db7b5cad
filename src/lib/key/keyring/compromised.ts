import { z } from 'zod';
import type { Queryable } from '../../base/postgres.ts';
import type { Keyring } from '../../platform/map/index.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { changeKeyring, moveStates } from './kept.ts';
import type { KeyVersion } from './key-version.ts';

/** Which versions of a keyring somebody may know. */
export const compromisedKeys = z.discriminatedUnion('what', [
  /** All that a KMS key wraps, by the names under which rows have it. */
  z.strictObject({ what: z.literal('kek'), names: z.array(z.string()).min(1) }),
  z.strictObject({ what: z.literal('versions'), ids: z.array(z.uuid()).min(1) }),
  /** All that there are. */
  z.strictObject({ what: z.literal('keyring') }),
]);

export type CompromisedKeys = z.infer<typeof compromisedKeys>;

export function isCompromised(compromised: CompromisedKeys, { id, kek }: KeyVersion): boolean {
  if (compromised.what === 'kek') return compromised.names.includes(kek);
  return compromised.what === 'keyring' || compromised.ids.includes(id);
}

/** SQL over a keyring's row `k`, with at most one parameter, of this number. */
export function whereCompromised(
  { id, kek }: Keyring,
  compromised: CompromisedKeys,
  parameter = 1,
): { readonly text: string; readonly values: readonly (readonly string[])[] } {
  if (compromised.what === 'keyring') return { text: 'true', values: [] };
  return compromised.what === 'kek'
    ? { text: `k.${quoteIdentifier(kek)}::text = any($${parameter}::text[])`, values: [compromised.names] }
    : { text: `k.${quoteIdentifier(id)} = any($${parameter}::uuid[])`, values: [compromised.ids] };
}

/**
 * Calls compromised what does not encrypt any more, or not yet. Versions that nothing decrypts stay as they are.
 * @returns how many were so called
 * @throws {PosternError} exit 6, `keyring-not-kept`
 */
export async function condemnVersions(
  db: Queryable,
  keyring: Keyring,
  compromised: CompromisedKeys,
): Promise<number> {
  const { text, values } = whereCompromised(keyring, compromised);
  const state = quoteIdentifier(keyring.state);
  const where = `k.${state}::text in ('pre-active', 'decrypt-only', 'drained') and ${text}`;
  return changeKeyring(db, () => moveStates(db, keyring, 'compromised', { where, values }));
}

/** How many versions encrypt, and are compromised. */
export async function countActive(
  db: Queryable,
  keyring: Keyring,
  compromised: CompromisedKeys,
): Promise<number> {
  const { text, values } = whereCompromised(keyring, compromised);
  const { rows } = await db.query<{ active: number }>(
    `select count(*)::float8 as active from ${tableName(keyring.table)} k
     where k.${quoteIdentifier(keyring.state)}::text = 'active' and ${text}`,
    [...values],
  );
  return rows[0]?.active ?? 0;
}
