import { type AuditContext, audited } from '../../audit/audited.ts';
import { refused, usageError } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { type DataMap, mapModel } from '../../platform/map/index.ts';
import { resolveWho } from '../find/index.ts';
import { requireOnePerson } from '../find/one-person.ts';
import { hashesToStore, type NameHasher, requireNameless, rowName } from '../name-hash/index.ts';
import { mappedTable, readHeldRows } from './held-rows.ts';
import { erasuresUnderWay, showHold } from './register.ts';
import type { HoldAddResult, HoldReleaseResult } from './results.ts';
import { type NewHold, storeHold, storeRelease } from './store.ts';

/** What every change of the register needs. */
export interface HoldContext extends AuditContext {
  readonly profile: string;
  readonly signal: AbortSignal;
}

/** On whom or what, and why. Either names of a person, or rows. */
export interface HoldRequest {
  readonly who: readonly string[];
  readonly rows: readonly string[];
  readonly case: string;
  readonly reason: string;
  /** None: all of the person's. */
  readonly tables: readonly string[];
  readonly tenant: string | undefined;
  /** Whether rows of one table that the names lead to are one person. */
  readonly onePerson?: boolean | undefined;
  /** Names that several persons share: they are not held. */
  readonly shared?: readonly string[] | undefined;
  /** A date. */
  readonly reviewBy: string | undefined;
}

export interface Holding {
  /** A reading session of the platform database. */
  readonly db: Client;
  readonly map: DataMap;
  readonly hasher: NameHasher;
}

/**
 * Places a hold on a person, under every name that the map leads to, or on rows.
 * @throws {PosternError} exit 2: `table-unknown`, `review-past`, `text-names-person`, as `readHeldRows` and
 * `resolveWho`; exit 6: `person-ambiguous`
 */
export async function placeHold(
  context: HoldContext,
  holding: Holding,
  request: HoldRequest,
): Promise<HoldAddResult> {
  const { profile, clock } = context;
  const { reason, tenant = null, reviewBy = null } = request;
  if (reviewBy !== null && reviewBy < clock.now().toISOString().slice(0, 10)) {
    throw usageError(`${reviewBy} is past: nobody would review the hold in time`, { code: 'review-past' });
  }
  const model = mapModel(holding.map);
  const tables = [...new Set(request.tables.map((name) => mappedTable(model, name)))];
  const { persons, rows, found } = await boundBy(context, holding, request);
  const state = await context.state();
  const action = {
    action: 'hold.add',
    target: request.case,
    detail: { names: persons.length, rows: rows.length },
  };
  return audited(context, action, async (run) => {
    const number = await storeHold(state, {
      profile,
      case: request.case,
      reason,
      tables: tables.length === 0 ? null : tables,
      tenant,
      reviewBy,
      author: authorOf(context),
      persons,
      rows,
    });
    run.note({ number });
    return {
      hold: await showHold(state, profile, number, clock.now()),
      found,
      erasuresUnderWay: [...(await erasuresUnderWay(state, profile))],
    };
  });
}

type Bound = Pick<NewHold, 'persons' | 'rows'> & { readonly found: boolean };

async function boundBy(
  { signal }: HoldContext,
  { db, map, hasher }: Holding,
  request: HoldRequest,
): Promise<Bound> {
  await db.query('begin isolation level repeatable read read only');
  if (request.rows.length > 0) {
    const rows = await readHeldRows(db, map, request.rows);
    const hashed = rows.map(({ table, key }) => ({
      table,
      hash: hasher.hash('hold-row', table, rowName(key)),
    }));
    const distinct = new Map(hashed.map((row) => [`${row.table}\0${row.hash}`, row]));
    return { persons: [], rows: [...distinct.values()], found: true };
  }
  const { who, tenant, shared, onePerson } = request;
  const { resolving, resolved } = await resolveWho(db, map, { who, tenant, shared, signal });
  requireOnePerson(resolving, resolved, onePerson);
  requireNameless([request.case, request.reason], resolved.known);
  const persons = hashesToStore(hasher, 'hold-person', resolving.graph.identities, resolved.known);
  return { persons, rows: [], found: resolved.roots.length > 0 };
}

/**
 * Releases a hold. What it kept from erasures waits from now on.
 * @throws {PosternError} exit 2 `hold-unknown`; exit 6 `hold-released`
 */
export async function releaseHold(
  context: HoldContext,
  number: number,
  reason: string,
): Promise<HoldReleaseResult> {
  const { profile, clock } = context;
  const state = await context.state();
  const before = await showHold(state, profile, number, clock.now());
  const action = { action: 'hold.release', target: before.case, detail: { number } };
  return audited(context, action, async (run) => {
    if (!(await storeRelease(state, { profile, number, reason, author: authorOf(context) }))) {
      throw refused(`hold ${number} was released before`, { code: 'hold-released' });
    }
    const hold = await showHold(state, profile, number, clock.now());
    const rowsWaiting = hold.deferred.reduce((sum, { rows }) => sum + rows, 0);
    run.note({ rowsWaiting });
    return { hold, rowsWaiting };
  });
}

const authorOf = ({ actor }: HoldContext): string => actor.fingerprint ?? `${actor.osUser}@${actor.host}`;
