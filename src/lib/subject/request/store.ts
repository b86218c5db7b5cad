import type { Queryable } from '../../base/postgres.ts';
import { isoTime } from '../../state/iso-time.ts';
import type { SubjectRequest } from './results.ts';

/** A request without its verdict, which depends on when one looks. */
export type StoredRequest = Omit<SubjectRequest, 'verdict'>;

/** What is told of a request when it is opened. */
export interface NewRequest {
  readonly profile: string;
  readonly kind: SubjectRequest['kind'];
  readonly reference: string;
  readonly receivedAt: Date;
  readonly tenant: string | undefined;
  readonly instruction: string | undefined;
}

/**
 * Requests of a profile, what is due first on top. A month is a calendar month: of the 31st, the last day of a month
 * that has none (GDPR, Article 12(3); Regulation 1182/71, Article 3(2)(c)).
 */
export async function readRequests(
  db: Queryable,
  profile: string,
  where: { readonly number?: number; readonly isOpen?: true } = {},
): Promise<readonly StoredRequest[]> {
  const { rows } = await db.query<StoredRequest>(
    `select * from (
       select r.request_id::float8 as number, r.kind, r.reference, ${isoTime('r.received_at')} as "receivedAt",
         ${isoTime(dueAt)} as "dueAt", r.tenant, r.instruction, ${isoTime('r.opened_at')} as "openedAt",
         ${eventOf('verified', `'how', e.detail ->> 'how'`)} as verified,
         ${eventOf('extended', `'reason', e.detail ->> 'reason'`)} as extended,
         ${eventOf(
           'closed',
           `'outcome', e.detail ->> 'outcome', 'note', e.detail ->> 'note', 'certificateId', e.detail ->> 'certificateId'`,
         )} as closed
       from postern.subject_request r where r.profile = $1 and ($2::bigint is null or r.request_id = $2)
     ) found where not $3::boolean or closed is null order by "dueAt", number`,
    [profile, where.number ?? null, where.isOpen ?? false],
  );
  return rows;
}

const isExtended = `exists (select from postern.subject_request_event x where x.request_id = r.request_id and x.kind = 'extended')`;
/** By the calendar of UTC, whatever the session's time zone is. */
const dueAt = `((r.received_at at time zone 'UTC') + case when ${isExtended} then interval '3 months' else interval '1 month' end) at time zone 'UTC'`;

const eventOf = (kind: string, members: string): string =>
  `(select pg_catalog.json_build_object('at', ${isoTime('e.at')}, ${members}) from postern.subject_request_event e
    where e.request_id = r.request_id and e.kind = '${kind}')`;

/** @returns its number; undefined where the profile has one of that reference */
export async function storeRequest(db: Queryable, request: NewRequest): Promise<number | undefined> {
  const { profile, kind, reference, receivedAt, tenant = null, instruction = null } = request;
  const { rows } = await db.query<{ number: number }>(
    `insert into postern.subject_request (profile, kind, reference, received_at, tenant, instruction)
     values ($1, $2, $3, $4, $5, $6) on conflict (profile, reference) do nothing
     returning request_id::float8 as number`,
    [profile, kind, reference, receivedAt.toISOString(), tenant, instruction],
  );
  return rows[0]?.number;
}

/** @returns false where that has happened before */
export async function storeEvent(
  db: Queryable,
  number: number,
  kind: 'verified' | 'extended' | 'closed',
  detail: Readonly<Record<string, string | null>>,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into postern.subject_request_event (request_id, kind, detail) values ($1, $2, $3)
     on conflict (request_id, kind) do nothing`,
    [number, kind, JSON.stringify(detail)],
  );
  return rowCount === 1;
}
