import { refused } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { changeKeyring, moveStates, requireState } from '../keyring/kept.ts';
import type { KeyringTable } from '../keyring/keyring-table.ts';

/**
 * Makes one version active and the other decrypt-only, in one transaction. A second time changes nothing.
 * @param versions without `from`: the first version becomes active
 * @returns how many became active
 * @throws {PosternError} exit 6: `hmac-stale`, `keyring-not-kept`
 */
export async function activateVersion(
  db: Client,
  keyring: KeyringTable,
  { from, to }: { readonly from: string | null; readonly to: string },
): Promise<number> {
  const { table, id, state } = keyring;
  const move = (version: string, until: 'decrypt-only' | 'active') =>
    moveStates(db, keyring, until, { where: `k.${quoteIdentifier(id)} = $1::uuid`, values: [version] });
  const change = async (): Promise<number> => {
    const { rows } = await db.query<{ id: string; state: string }>(
      `select ${quoteIdentifier(id)}::text as id, ${quoteIdentifier(state)}::text as state
       from ${tableName(table)} where ${quoteIdentifier(id)} = any($1::uuid[]) for update`,
      [from === null ? [to] : [from, to]],
    );
    const states = new Map(rows.map((row) => [row.id, row.state]));
    const before = from === null ? undefined : states.get(from);
    if (states.get(to) === 'active' && before !== 'active') return 0;
    if (states.get(to) !== 'pre-active' || (from !== null && before !== 'active')) throw stale(table);
    if (from !== null) await move(from, 'decrypt-only');
    await move(to, 'active');
    return 1;
  };
  return changeKeyring(db, change, async (activated) => {
    if (activated === 0) return;
    await requireState(db, keyring, 'active', [to]);
    if (from !== null) await requireState(db, keyring, 'decrypt-only', [from]);
  });
}

/**
 * Marks versions as drained that are decrypt-only.
 * @returns how many were
 * @throws {PosternError} exit 6, `keyring-not-kept`
 */
export async function drainVersion(
  db: Client,
  keyring: KeyringTable,
  ids: readonly string[],
): Promise<number> {
  const where = `k.${quoteIdentifier(keyring.id)} = any($1::uuid[]) and k.${quoteIdentifier(keyring.state)}::text = 'decrypt-only'`;
  return changeKeyring(db, () => moveStates(db, keyring, 'drained', { where, values: [ids] }));
}

export const stale = (table: string) =>
  refused(`the versions of ${table} are no longer in the states that this plan is for`, {
    code: 'hmac-stale',
    hints: ['somebody rotated, or changed a state: `postern plan cancel` this plan, and make another'],
  });
