import { failure } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import type { BatchOutcome } from './row-work.ts';
import { isDeadHere } from './worker-name.ts';

/** Which walk: a step of a plan. */
export interface WalkId {
  readonly planId: string;
  readonly step: number;
}

/** A stretch of a table's key, leased to one worker. */
export interface WalkPart {
  readonly part: number;
  /** Greater than this; undefined at the table's beginning. What was done before the lease is behind it. */
  readonly after: readonly string[] | undefined;
  /** Up to this; undefined at the table's end. */
  readonly until: readonly string[] | undefined;
}

/** How long a worker may be silent before another takes its part. */
export const leaseSeconds = 120;

/** Records the parts of a walk, once: a second time changes nothing. */
export async function createParts(
  state: Queryable,
  { planId, step }: WalkId,
  bounds: readonly (readonly string[])[],
): Promise<void> {
  const ends = [null, ...bounds, null];
  const parts = ends
    .slice(1)
    .map((until, part) => ({ part, after: ends[part] ?? null, until: until ?? null }));
  await state.query(
    `insert into postern.key_walk_part (plan_id, step, part, after_key, until_key)
     select $1, $2, (p ->> 'part')::int,
       case when p ->> 'after' is not null then array(select json_array_elements_text(p -> 'after')) end,
       case when p ->> 'until' is not null then array(select json_array_elements_text(p -> 'until')) end
     from json_array_elements($3::json) p
     where not exists (select from postern.key_walk_part where plan_id = $1 and step = $2)
     on conflict do nothing`,
    [planId, step, JSON.stringify(parts)],
  );
}

/** Leases a part that nobody works on; undefined when there is none at the moment. */
export async function leasePart(
  state: Queryable,
  { planId, step }: WalkId,
  owner: string,
): Promise<WalkPart | undefined> {
  const { rows } = await state.query<{ part: number; after: string[] | null; until: string[] | null }>(
    `update postern.key_walk_part p
     set owner = $3, lease_until = clock_timestamp() + make_interval(secs => $4),
       started_at = coalesce(started_at, clock_timestamp())
     where (plan_id, step, part) = (
       select plan_id, step, part from postern.key_walk_part
       where plan_id = $1 and step = $2 and finished_at is null
         and (lease_until is null or lease_until < clock_timestamp())
       order by part limit 1 for update skip locked)
     returning part, coalesce(last_key, after_key) as after, until_key as until`,
    [planId, step, owner, leaseSeconds],
  );
  const [found] = rows;
  return found && { part: found.part, after: found.after ?? undefined, until: found.until ?? undefined };
}

/** Gives back at once what workers of this host held whose process is gone. */
export async function freeDeadLeases(state: Queryable, { planId, step }: WalkId): Promise<void> {
  const { rows } = await state.query<{ owner: string }>(
    `select owner from postern.key_walk_part
     where plan_id = $1 and step = $2 and finished_at is null and lease_until > clock_timestamp()`,
    [planId, step],
  );
  const dead = rows.map(({ owner }) => owner).filter(isDeadHere);
  if (dead.length === 0) return;
  await state.query(
    `update postern.key_walk_part set lease_until = null
     where plan_id = $1 and step = $2 and owner = any($3) and finished_at is null`,
    [planId, step, dead],
  );
}

/**
 * Records a batch and renews the lease, after what it changed is committed: a batch that is done twice finds its
 * values current.
 * @throws {PosternError} exit 1, `walk-lease-lost`: another worker has the part by now
 */
export async function recordBatch(
  state: Queryable,
  { planId, step }: WalkId,
  {
    part,
    owner,
    lastKey,
    outcome,
  }: {
    readonly part: number;
    readonly owner: string;
    readonly lastKey: readonly string[];
    readonly outcome: BatchOutcome;
  },
): Promise<void> {
  const { rowCount } = await state.query(
    `update postern.key_walk_part
     set last_key = $5, lease_until = clock_timestamp() + make_interval(secs => $6),
       seen = seen + $7, written = written + $8, moved = moved + $9, refused = refused + $10
     where plan_id = $1 and step = $2 and part = $3 and owner = $4 and finished_at is null`,
    [
      planId,
      step,
      part,
      owner,
      lastKey,
      leaseSeconds,
      outcome.seen,
      outcome.written,
      outcome.moved,
      outcome.refused.length,
    ],
  );
  if (rowCount !== 1) throw leaseLost(part);
}

/** Keeps a part while its worker waits; who lost it finds out when it records something. */
export async function renewLease(
  state: Queryable,
  { planId, step }: WalkId,
  { part, owner }: { readonly part: number; readonly owner: string },
): Promise<void> {
  await state.query(
    `update postern.key_walk_part set lease_until = clock_timestamp() + make_interval(secs => $5)
     where plan_id = $1 and step = $2 and part = $3 and owner = $4 and finished_at is null`,
    [planId, step, part, owner, leaseSeconds],
  );
}

/** @throws {PosternError} exit 1, `walk-lease-lost` */
export async function finishPart(
  state: Queryable,
  { planId, step }: WalkId,
  { part, owner }: { readonly part: number; readonly owner: string },
): Promise<void> {
  const { rowCount } = await state.query(
    `update postern.key_walk_part set finished_at = clock_timestamp(), lease_until = null
     where plan_id = $1 and step = $2 and part = $3 and owner = $4 and finished_at is null`,
    [planId, step, part, owner],
  );
  if (rowCount !== 1) throw leaseLost(part);
}

/** Gives a part back, so that nobody waits until its lease runs out. */
export async function releasePart(
  state: Queryable,
  { planId, step }: WalkId,
  { part, owner }: { readonly part: number; readonly owner: string },
): Promise<void> {
  await state.query(
    `update postern.key_walk_part set lease_until = null
     where plan_id = $1 and step = $2 and part = $3 and owner = $4 and finished_at is null`,
    [planId, step, part, owner],
  );
}

/** What all workers of a walk have done so far. */
export interface WalkTotals {
  readonly parts: number;
  readonly unfinished: number;
  readonly seen: number;
  readonly written: number;
  readonly moved: number;
  readonly refused: number;
}

export async function walkTotals(state: Queryable, { planId, step }: WalkId): Promise<WalkTotals> {
  const { rows } = await state.query<Record<keyof WalkTotals, string>>(
    `select count(*) as parts, count(*) filter (where finished_at is null) as unfinished,
       coalesce(sum(seen), 0) as seen, coalesce(sum(written), 0) as written,
       coalesce(sum(moved), 0) as moved, coalesce(sum(refused), 0) as refused
     from postern.key_walk_part where plan_id = $1 and step = $2`,
    [planId, step],
  );
  const [row] = rows;
  const numbers = Object.entries(row ?? {}).map(([name, value]) => [name, Number(value)]);
  return Object.fromEntries(numbers) as WalkTotals;
}

const leaseLost = (part: number) =>
  failure(`another worker has taken part ${part} of the walk, because this one was silent too long`, {
    code: 'walk-lease-lost',
    hints: ['nothing is lost: what was written is there, and the other one goes on behind it'],
  });

/** When the first worker of a plan began with its first part; undefined before. */
export async function firstStart(state: Queryable, planId: string): Promise<Date | undefined> {
  const { rows } = await state.query<{ at: string | null }>(
    `select (extract(epoch from min(started_at)) * 1000)::text as at from postern.key_walk_part where plan_id = $1`,
    [planId],
  );
  const at = rows[0]?.at ?? null;
  return at === null ? undefined : new Date(Number(at));
}

/** A step of a plan whose walk has parts that are not finished; undefined where there is none. */
export async function unfinishedStep(state: Queryable, planId: string): Promise<number | undefined> {
  const { rows } = await state.query<{ step: number }>(
    `select step from postern.key_walk_part where plan_id = $1 and finished_at is null order by step limit 1`,
    [planId],
  );
  return rows[0]?.step;
}
