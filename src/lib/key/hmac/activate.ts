import { refused } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { KeyringTable } from '../keyring/keyring-table.ts';

/**
 * Makes one version active and the other decrypt-only, in one transaction. A second time changes nothing.
 * @param versions without `from`: the first version becomes active
 * @returns how many became active
 * @throws {PosternError} exit 6: `hmac-stale`
 */
export async function activateVersion(
  db: Client,
  { table, id, state }: KeyringTable,
  { from, to }: { readonly from: string | null; readonly to: string },
): Promise<number> {
  const move = (version: string, until: string) =>
    db.query(
      `update ${tableName(table)} set ${quoteIdentifier(state)} = $2 where ${quoteIdentifier(id)} = $1::uuid`,
      [version, until],
    );
  await db.query('begin');
  try {
    const { rows } = await db.query<{ id: string; state: string }>(
      `select ${quoteIdentifier(id)}::text as id, ${quoteIdentifier(state)}::text as state
       from ${tableName(table)} where ${quoteIdentifier(id)} = any($1::uuid[]) for update`,
      [from === null ? [to] : [from, to]],
    );
    const states = new Map(rows.map((row) => [row.id, row.state]));
    const before = from === null ? undefined : states.get(from);
    const isDone = states.get(to) === 'active' && before !== 'active';
    if (!isDone) {
      if (states.get(to) !== 'pre-active' || (from !== null && before !== 'active')) throw stale(table);
      if (from !== null) await move(from, 'decrypt-only');
      await move(to, 'active');
    }
    await db.query('commit');
    return isDone ? 0 : 1;
  } catch (error) {
    await db.query('rollback').catch(() => {});
    throw error;
  }
}

/** Marks versions as drained that are decrypt-only. @returns how many were */
export async function drainVersion(
  db: Client,
  { table, id, state }: KeyringTable,
  ids: readonly string[],
): Promise<number> {
  const { rowCount } = await db.query(
    `update ${tableName(table)} set ${quoteIdentifier(state)} = 'drained'
     where ${quoteIdentifier(id)} = any($1::uuid[]) and ${quoteIdentifier(state)}::text = 'decrypt-only'`,
    [ids],
  );
  return rowCount ?? 0;
}

export const stale = (table: string) =>
  refused(`the versions of ${table} are no longer in the states that this plan is for`, {
    code: 'hmac-stale',
    hints: ['somebody rotated, or changed a state: `postern plan cancel` this plan, and make another'],
  });
