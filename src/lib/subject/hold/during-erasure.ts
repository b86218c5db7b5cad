import { refused } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import type { Identity } from '../identity/identities.ts';
import type { KnownValues } from '../identity/spots.ts';
import { keyIdOf, type NameHasher } from '../name-hash/index.ts';
import { openDeferrals, recordResumed } from './deferred.ts';
import { holdMatcher } from './matcher.ts';
import { readHoldsSince, readWaitingHolds } from './read-holds.ts';

/** An erasure that is being applied. */
export interface AppliedErasure {
  readonly profile: string;
  readonly planId: string;
  readonly hasher: NameHasher;
  /** Of the map. */
  readonly identities: ReadonlyMap<string, Identity>;
  /** Every name of everybody who is erased. */
  readonly known: KnownValues;
}

/**
 * Stops an erasure that began before a hold was placed on one of its persons, or on rows of one of its tables: what it is
 * to do was written down without that hold. To be asked before each part of the work.
 * @param tables canonical names of those whose rows are changed
 * @throws {PosternError} exit 6: `hold-placed`; as `holdMatcher`
 */
export async function requireNoNewHold(
  state: Queryable,
  erasure: AppliedErasure,
  tables: readonly string[],
): Promise<void> {
  const { profile, planId, hasher, identities, known } = erasure;
  const placed = await readHoldsSince(state, profile, planId);
  if (placed.length === 0) return;
  const ofPersons = new Set(holdMatcher(placed, hasher, identities).ofPerson(known));
  const stopping = placed.find(
    (hold) => ofPersons.has(hold) || hold.rows.some(({ table }) => tables.includes(table)),
  );
  if (stopping === undefined) return;
  throw refused(`hold ${stopping.number} was placed while this erasure was being applied`, {
    code: 'hold-placed',
    hints: [
      'what had gone by then is gone; cancel this plan by `postern plan cancel`, and erase again: the new plan keeps what is held',
    ],
  });
}

/**
 * Records that an erasure, at its end, took up what earlier ones had left of its persons because of holds that are
 * released. What holds on rows had kept is taken up by a plan that erases everybody whom the earlier one did.
 * @returns how many entries of `hold list` were closed
 */
export async function takeUpReleased(state: Queryable, erasure: AppliedErasure): Promise<number> {
  const { profile, planId, hasher, identities, known } = erasure;
  const waiting = (await readWaitingHolds(state, profile)).filter(({ persons, rows }) =>
    // Of one under a key that is gone nothing can be told; it stays open.
    [...persons, ...rows.map(({ hash }) => hash)].every((hash) => hasher.keyIds.includes(keyIdOf(hash))),
  );
  if (waiting.length === 0) return 0;
  const ofPersons = holdMatcher(waiting, hasher, identities).ofPerson(known);
  const closed = await recordResumed(state, {
    profile,
    holds: ofPersons.map(({ number }) => number),
    resumedBy: planId,
  });
  const onRows = waiting.filter(({ rows }) => rows.length > 0).map(({ number }) => number);
  const open = (await openDeferrals(state, profile)).filter(({ holdNumber }) => onRows.includes(holdNumber));
  const planIds = await ofNobodyElse(state, planId, [...new Set(open.map((one) => one.planId))]);
  return closed + (await recordResumed(state, { profile, holds: onRows, planIds, resumedBy: planId }));
}

/** Which of these plans erased only persons whom this one erases as well, by the ledger. */
async function ofNobodyElse(
  state: Queryable,
  planId: string,
  earlier: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await state.query<{ id: string }>(
    `select distinct e.plan_id as id from postern.erasure e
     where e.plan_id = any($2::text[]) and e.plan_id <> $1 and e.kind = 'subject-erase'
       and not exists (
         select from pg_catalog.jsonb_array_elements(e.detail -> 'persons') person
         where not exists (
           select from postern.erasure n, pg_catalog.jsonb_array_elements(n.detail -> 'persons') same
           where n.plan_id = $1 and n.kind = 'subject-erase'
             and exists (
               select from pg_catalog.jsonb_array_elements_text(same) hash
               where person @> pg_catalog.jsonb_build_array(hash))))`,
    [planId, earlier],
  );
  return rows.map(({ id }) => id);
}
