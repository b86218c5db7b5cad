import type { Queryable } from '../../base/postgres.ts';
import { inTransaction, type StateDatabase } from '../../state/transaction.ts';

/** A line of the list: nobody who has this hash is written to in this channel. */
export interface Suppressed {
  readonly channel: string;
  readonly hash: string;
}

/**
 * The list as it is now, by channel and hash.
 * @param channel only this one
 */
export async function readSuppressed(
  state: Queryable,
  profile: string,
  channel?: string,
): Promise<readonly Suppressed[]> {
  const { rows } = await state.query<Suppressed>(
    `select channel, hash from (
       select distinct on (e.channel, h.hash) e.channel, h.hash, h.is_suppressed
       from postern.objection_event e join postern.objection_hash h using (event_id)
       where e.profile = $1 and ($2::text is null or e.channel = $2)
       order by e.channel, h.hash, e.event_id desc
     ) last where is_suppressed order by channel, hash`,
    [profile, channel ?? null],
  );
  return rows;
}

export interface ObjectionEvent {
  readonly profile: string;
  readonly kind: 'objected' | 'withdrawn' | 'rehashed';
  readonly channel: string;
  readonly reason: string | null;
  readonly author: string;
  /** Put on the list. */
  readonly suppress: readonly string[];
  /** Taken from it. */
  readonly allow: readonly string[];
}

export async function storeObjectionEvent(state: StateDatabase, event: ObjectionEvent): Promise<void> {
  const { profile, kind, channel, reason, author, suppress, allow } = event;
  await inTransaction(state, async (db) => {
    const { rows } = await db.query<{ id: string }>(
      `insert into postern.objection_event (profile, kind, channel, reason, author) values ($1, $2, $3, $4, $5)
       returning event_id as id`,
      [profile, kind, channel, reason, author],
    );
    await db.query(
      `insert into postern.objection_hash (event_id, hash, is_suppressed)
       select $1::bigint, pg_catalog.unnest($2::text[]), true union all select $1::bigint, pg_catalog.unnest($3::text[]), false`,
      [rows[0]?.id, suppress, allow],
    );
  });
}
