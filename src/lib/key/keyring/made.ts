import type { Queryable } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { keyringNotKept } from './kept.ts';
import type { KeyState } from './key-version.ts';
import type { KeyringTable } from './keyring-table.ts';

/** A version as it was written. */
export interface MadeKey {
  readonly id: string;
  /** The row that it was made from, where it was; if that is gone meanwhile, nothing was written. */
  readonly old?: string;
  readonly version: number;
  readonly kek: string;
  readonly wrapped: Uint8Array;
}

/**
 * Whether new versions stand in the keyring as they were written: what a trigger changed could not be opened, or would
 * not be used.
 * @throws {PosternError} exit 6, `keyring-not-kept`
 */
export async function requireMade(
  db: Queryable,
  keyring: KeyringTable,
  state: KeyState,
  made: readonly MadeKey[],
): Promise<void> {
  const table = tableName(keyring.table);
  const column = (name: string) => `k.${quoteIdentifier(name)}`;
  const own = quoteIdentifier(keyring.id);
  const { rows } = await db.query<{ id: string }>(
    `select n.id::text as id
     from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::bytea[]) n(id, old, version, kek, wrapped)
     left join ${table} k on k.${own} = n.id
     where (n.old is null or exists (select from ${table} o where o.${own} = n.old))
       and (k.${own} is null or ${column(keyring.state)}::text is distinct from $6
         or ${column(keyring.version)}::text is distinct from n.version::text
         or ${column(keyring.kek)}::text is distinct from n.kek
         or ${column(keyring.wrapped)} is distinct from n.wrapped)
     order by 1`,
    [
      made.map(({ id }) => id),
      made.map(({ old }) => old ?? null),
      made.map(({ version }) => version),
      made.map(({ kek }) => kek),
      made.map(({ wrapped }) => Buffer.from(wrapped)),
      state,
    ],
  );
  if (rows.length === 0) return;
  throw keyringNotKept(
    keyring,
    rows.map(({ id }) => id),
    'new versions',
  );
}
