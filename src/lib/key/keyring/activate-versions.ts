import type { Client } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { changeKeyring, keyringNotKept, moveStates, requireState } from './kept.ts';
import type { KeyVersion } from './key-version.ts';
import type { KeyringTable } from './keyring-table.ts';
import { successorId } from './make-versions.ts';

/**
 * Makes the successors active, and lets their predecessors step back, all in one transaction: at no moment has a subject
 * no active key, or two. A second time changes nothing.
 * @returns how many successors became active
 * @throws {PosternError} exit 6, `keyring-not-kept`
 */
export async function activateSuccessors(
  db: Client,
  keyring: KeyringTable,
  olds: readonly KeyVersion[],
  planId: string,
  predecessors: 'decrypt-only' | 'compromised' = 'decrypt-only',
): Promise<number> {
  const { table, id, state } = keyring;
  const move = (ids: readonly string[], from: string, to: 'decrypt-only' | 'compromised' | 'active') =>
    moveStates(db, keyring, to, {
      where: `k.${quoteIdentifier(state)}::text = '${from}' and k.${quoteIdentifier(id)} = any($1::uuid[])`,
      values: [ids],
    });
  const pairs = olds.map((old) => [old.id, successorId(planId, old.id)] as const);
  const { next } = await changeKeyring(
    db,
    async () => {
      // Only versions whose successor is ready step back.
      const { rows } = await db.query<{ id: string }>(
        `select ${quoteIdentifier(id)}::text as id from ${tableName(table)}
         where ${quoteIdentifier(state)}::text = 'pre-active' and ${quoteIdentifier(id)} = any($1::uuid[]) for update`,
        [pairs.map(([, successor]) => successor)],
      );
      const ready = new Set(rows.map((row) => row.id));
      const moving = pairs.filter(([, successor]) => ready.has(successor));
      const ids = { old: moving.map(([old]) => old), next: moving.map(([, successor]) => successor) };
      await move(ids.old, 'active', predecessors);
      await move(ids.next, 'pre-active', 'active');
      return ids;
    },
    async (ids) => {
      await requireState(db, keyring, 'active', ids.next);
      const { rows } = await db.query<{ id: string }>(
        `select ${quoteIdentifier(id)}::text as id from ${tableName(table)}
         where ${quoteIdentifier(state)}::text = 'active' and ${quoteIdentifier(id)} = any($1::uuid[])`,
        [ids.old],
      );
      if (rows.length > 0)
        throw keyringNotKept(
          keyring,
          rows.map((row) => row.id),
          `state ${predecessors}`,
        );
    },
  );
  return next.length;
}

/**
 * Of two active versions of one subject, the older becomes decrypt-only.
 * @returns how many did
 * @throws {PosternError} exit 6, `keyring-not-kept`
 */
export async function retireOlderActive(db: Client, keyring: KeyringTable): Promise<number> {
  const { table, id, subject, version, state } = keyring;
  const [own, number, at] = [id, version, state].map(quoteIdentifier);
  const same =
    subject === undefined ? 'true' : `n.${quoteIdentifier(subject)} = k.${quoteIdentifier(subject)}`;
  const where = `k.${at}::text = 'active' and exists (
    select from ${tableName(table)} n
    where n.${at}::text = 'active' and n.${number} > k.${number} and n.${own} <> k.${own} and ${same})`;
  return changeKeyring(db, () => moveStates(db, keyring, 'decrypt-only', { where }));
}
