import type { Queryable } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { isoTime } from '../../state/iso-time.ts';
import { inTransaction, type StateDatabase } from '../../state/transaction.ts';
import { isAfter, type RegisteredSelector, type SelectorState } from './state.ts';

/** A selector's names in the register. */
export interface SelectorId {
  readonly profile: string;
  readonly domain: string;
  readonly selector: string;
}

/** Every selector that was ever known, oldest first; of one domain, or of all. */
export async function readSelectors(
  db: Queryable,
  profile: string,
  domain?: string,
): Promise<readonly RegisteredSelector[]> {
  const { rows } = await db.query<RegisteredSelector>(
    `select s.domain, s.selector, s.key_type as "keyType", s.bits, s.public_key as "publicKey", s.origin,
            s.key_file as "keyFile", ${isoTime('s.created_at')} as "createdAt", e.state, ${isoTime('e.at')} as since,
            ${isoTime('e.not_before')} as "notBefore",
            (select ${isoTime('a.at')} from postern.dkim_event a
             where (a.profile, a.domain, a.selector, a.state) = (s.profile, s.domain, s.selector, 'active'))
              as "activeSince",
            exists (select from postern.dkim_event c
             where (c.profile, c.domain, c.selector) = (s.profile, s.domain, s.selector) and c.detail ? 'compromised')
              as "isCompromised",
            exists (select from postern.plan_journal j where j.plan_id = e.plan_id and j.event = 'cancelled')
              as "isOrphaned"
     from postern.dkim_selector s
     cross join lateral (
       select state, at, not_before, plan_id from postern.dkim_event
       where (profile, domain, selector) = (s.profile, s.domain, s.selector) order by event desc limit 1) e
     where s.profile = $1 and ($2::text is null or s.domain = $2)
     order by s.domain, s.created_at, s.selector`,
    [profile, domain ?? null],
  );
  return rows;
}

type NewSelector = Pick<
  RegisteredSelector,
  'domain' | 'selector' | 'keyType' | 'bits' | 'publicKey' | 'origin' | 'keyFile'
>;

/** Registers a selector in its first state. Doing it again with the same key changes nothing. */
export async function addSelector(
  db: StateDatabase,
  profile: string,
  { domain, selector, keyType, bits, publicKey, origin, keyFile }: NewSelector,
  entry: Omit<SelectorEvent, 'state'> & { readonly state: SelectorState },
): Promise<void> {
  await inTransaction(db, async (client) => {
    await client.query(
      `insert into postern.dkim_selector
         (profile, domain, selector, key_type, bits, public_key, origin, key_file)
       values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
      [profile, domain, selector, keyType, bits, publicKey, origin, keyFile],
    );
    await enterState(client, { profile, domain, selector }, entry);
  });
}

interface SelectorEvent {
  readonly state: SelectorState;
  /** When it may go on from there at the earliest. */
  readonly notBefore?: Date;
  readonly planId?: string;
  readonly detail?: JsonObject;
}

/**
 * Lets a selector enter a state, which each does once. A state that it is in or has left changes nothing, so that a
 * step done twice, and an older plan behind a newer one, never lead it back.
 */
export async function enterState(
  db: Queryable,
  { profile, domain, selector }: SelectorId,
  { state, notBefore, planId, detail }: SelectorEvent,
): Promise<void> {
  const { rows } = await db.query<{ state: SelectorState }>(
    `select state from postern.dkim_event where (profile, domain, selector) = ($1, $2, $3)`,
    [profile, domain, selector],
  );
  if (!rows.every((entered) => isAfter(state, entered.state))) return;
  await db.query(
    `insert into postern.dkim_event (profile, domain, selector, state, not_before, plan_id, detail)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict (profile, domain, selector, state) do nothing`,
    [
      profile,
      domain,
      selector,
      state,
      notBefore?.toISOString() ?? null,
      planId ?? null,
      JSON.stringify(detail ?? {}),
    ],
  );
}
