import type { Client } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { KeyVersion } from './key-version.ts';
import type { KeyringTable } from './keyring-table.ts';
import { successorId } from './make-versions.ts';

/**
 * Makes the successors active, and lets their predecessors step back, all in one transaction: at no moment has a subject
 * no active key, or two. A second time changes nothing.
 * @returns how many successors became active
 */
export async function activateSuccessors(
  db: Client,
  keyring: KeyringTable,
  olds: readonly KeyVersion[],
  planId: string,
  predecessors: 'decrypt-only' | 'compromised' = 'decrypt-only',
): Promise<number> {
  const { table, id, state } = keyring;
  const move = (ids: string, from: string, to: string) =>
    `update ${tableName(table)} k set ${quoteIdentifier(state)} = '${to}'
     where ${quoteIdentifier(state)}::text = '${from}' and k.${quoteIdentifier(id)} = any(${ids}::uuid[])`;
  const pairs = olds.map((old) => [old.id, successorId(planId, old.id)] as const);
  await db.query('begin');
  try {
    // Only versions whose successor is ready step back.
    const { rows } = await db.query<{ id: string }>(
      `select ${quoteIdentifier(id)}::text as id from ${tableName(table)}
       where ${quoteIdentifier(state)}::text = 'pre-active' and ${quoteIdentifier(id)} = any($1::uuid[]) for update`,
      [pairs.map(([, successor]) => successor)],
    );
    const ready = new Set(rows.map((row) => row.id));
    const moving = pairs.filter(([, successor]) => ready.has(successor));
    await db.query(move('$1', 'active', predecessors), [moving.map(([old]) => old)]);
    const { rowCount } = await db.query(move('$1', 'pre-active', 'active'), [moving.map(([, next]) => next)]);
    await db.query('commit');
    return rowCount ?? 0;
  } catch (error) {
    await db.query('rollback').catch(() => {});
    throw error;
  }
}

/** Of two active versions of one subject, the older becomes decrypt-only. @returns how many did */
export async function retireOlderActive(
  db: Client,
  { table, id, subject, version, state }: KeyringTable,
): Promise<number> {
  const [own, number, at] = [id, version, state].map(quoteIdentifier);
  const same =
    subject === undefined ? 'true' : `n.${quoteIdentifier(subject)} = k.${quoteIdentifier(subject)}`;
  const { rowCount } = await db.query(
    `update ${tableName(table)} k set ${at} = 'decrypt-only'
     where k.${at}::text = 'active' and exists (
       select from ${tableName(table)} n
       where n.${at}::text = 'active' and n.${number} > k.${number} and n.${own} <> k.${own} and ${same})`,
  );
  return rowCount ?? 0;
}
