import { refused } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { KeyState } from './key-version.ts';
import type { KeyringTable } from './keyring-table.ts';

type Keys = Pick<KeyringTable, 'table' | 'id' | 'state'>;

/**
 * Changes a keyring in one transaction, which is undone where `change` or `check` throws. Before `check` every trigger
 * has run, those too that wait for the transaction's end.
 */
export async function changeKeyring<T>(
  db: Queryable,
  change: () => Promise<T>,
  check?: (changed: T) => Promise<void>,
): Promise<T> {
  await db.query('begin');
  try {
    const changed = await change();
    if (check !== undefined) {
      await db.query('set constraints all immediate');
      await check(changed);
    }
    await db.query('commit');
    return changed;
  } catch (error) {
    await db.query('rollback').catch(() => {});
    throw error;
  }
}

/**
 * Moves versions to a state, inside the transaction of `changeKeyring`.
 * @param where SQL over a row `k` of the keyring, and what `before` defines (`name as (…)`)
 * @returns how many
 * @throws {PosternError} exit 6, `keyring-not-kept`: a trigger kept another state
 */
export async function moveStates(
  db: Queryable,
  keyring: Keys,
  to: KeyState,
  {
    where,
    values = [],
    before,
  }: { readonly where: string; readonly values?: readonly unknown[]; readonly before?: string },
): Promise<number> {
  const [table, id, state] = [
    tableName(keyring.table),
    quoteIdentifier(keyring.id),
    quoteIdentifier(keyring.state),
  ];
  const { rows } = await db.query<{ moved: number; lost: string[] }>(
    `with ${before === undefined ? '' : `${before}, `}
     wanted as materialized (select k.${id} as id from ${table} k where ${where} for update of k),
     changed as (update ${table} k set ${state} = '${to}' from wanted w where k.${id} = w.id
       returning k.${id} as id, k.${state}::text = '${to}' as kept)
     select (select count(*) from changed where kept)::float8 as moved,
       array(select w.id::text from wanted w left join changed c on c.id = w.id
         where c.kept is not true order by w.id) as lost`,
    [...values],
  );
  const { moved, lost } = rows[0] ?? { moved: 0, lost: [] };
  if (lost.length > 0) throw keyringNotKept(keyring, lost, `state ${to}`);
  return moved;
}

/** Whether versions are in the states that they were moved to. @throws {PosternError} exit 6, `keyring-not-kept` */
export async function requireState(
  db: Queryable,
  keyring: Keys,
  to: KeyState,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  const { rows } = await db.query<{ id: string }>(
    `select n.id::text as id from unnest($1::uuid[]) n(id)
     left join ${tableName(keyring.table)} k on k.${quoteIdentifier(keyring.id)} = n.id
     where k.${quoteIdentifier(keyring.state)}::text is distinct from $2 order by 1`,
    [ids, to],
  );
  if (rows.length === 0) return;
  throw keyringNotKept(
    keyring,
    rows.map(({ id }) => id),
    `state ${to}`,
  );
}

/** @param what was to stand there */
export function keyringNotKept({ table }: Pick<Keys, 'table'>, ids: readonly string[], what: string) {
  const shown = ids.slice(0, 5).join(', ');
  const more = ids.length > 5 ? ` and ${(ids.length - 5).toLocaleString('en')} more` : '';
  return refused(
    `${table} does not keep what was written (${what}), and was left as it was: ${shown}${more}`,
    {
      code: 'keyring-not-kept',
      hints: [
        `a trigger or a rule of ${table} puts something else there: mend or disable it, then apply the plan again`,
      ],
    },
  );
}
