import type { AuditContext } from '../../audit/audited.ts';
import { audited } from '../../audit/audited.ts';
import { refused, usageError } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import type { RequestListResult, RequestOutcome, SubjectRequest } from './results.ts';
import { type NewRequest, readRequests, type StoredRequest, storeEvent, storeRequest } from './store.ts';

/** What every change of the register needs. */
export interface RequestContext extends AuditContext {
  readonly profile: string;
}

/**
 * Requests with their verdicts: how much time is left.
 * @param within milliseconds: what ends sooner is due
 */
export async function listRequests(
  db: Queryable,
  profile: string,
  { now, within, all }: { readonly now: Date; readonly within: number; readonly all: boolean },
): Promise<RequestListResult> {
  const stored = await readRequests(db, profile, all ? {} : { isOpen: true });
  const requests = stored.map((request) => judged(request, now, within));
  const counted = (...verdicts: readonly SubjectRequest['verdict'][]) =>
    requests.filter(({ verdict }) => verdicts.includes(verdict)).length;
  return {
    requests,
    open: counted('open', 'due', 'overdue'),
    due: counted('due'),
    overdue: counted('overdue'),
  };
}

function judged(request: StoredRequest, now: Date, within: number): SubjectRequest {
  const due = new Date(request.dueAt).getTime();
  if (request.closed !== null) {
    const isLate = new Date(request.closed.at).getTime() > due;
    return { ...request, verdict: isLate ? 'late' : 'closed' };
  }
  if (now.getTime() > due) return { ...request, verdict: 'overdue' };
  return { ...request, verdict: due - now.getTime() <= within ? 'due' : 'open' };
}

/** @throws {PosternError} exit 2, `request-unknown` */
export async function showRequest(
  db: Queryable,
  profile: string,
  number: number,
  now: Date,
): Promise<SubjectRequest> {
  // What is no bigint is no number of ours either.
  const [found] = Number.isSafeInteger(number) ? await readRequests(db, profile, { number }) : [];
  if (found !== undefined) return judged(found, now, 7 * 86_400_000);
  throw usageError(`there is no request ${number} in the profile ${profile}`, {
    code: 'request-unknown',
    hints: ['`postern request list --all` shows all of them'],
  });
}

/**
 * Puts a request on record. Its time runs from when it was received, not from now.
 * @throws {PosternError} exit 2: `received-in-future`, `request-known`
 */
export async function openRequest(
  context: RequestContext,
  request: Omit<NewRequest, 'profile'>,
): Promise<SubjectRequest> {
  const now = context.clock.now();
  const { kind, reference, receivedAt } = request;
  if (receivedAt > now) {
    throw usageError(`${receivedAt.toISOString()} is yet to come`, { code: 'received-in-future' });
  }
  const db = await context.state();
  const { profile } = context;
  return audited(context, { action: 'request.open', target: reference, detail: { kind } }, async (run) => {
    const number = await storeRequest(db, { ...request, profile });
    if (number === undefined) {
      throw usageError(`there is a request ${JSON.stringify(reference)} already`, {
        code: 'request-known',
        hints: ['a reference names one request: give the ticket of this one'],
      });
    }
    run.note({ number });
    return showRequest(db, profile, number, now);
  });
}

/** Records how it was made sure who asks. @throws {PosternError} as `change` */
export function verifyRequester(context: RequestContext, number: number, how: string) {
  return change(context, number, 'verified', { how });
}

/**
 * Gives a request two further months, of which the person has to be told within the first (GDPR, Article 12(3)).
 * @throws {PosternError} exit 6, `extension-too-late`; as `change`
 */
export function extendRequest(context: RequestContext, number: number, reason: string) {
  return change(context, number, 'extended', { reason }, ({ dueAt }, now) => {
    if (now <= new Date(dueAt)) return;
    throw refused(`request ${number} was due on ${dueAt.slice(0, 10)}`, {
      code: 'extension-too-late',
      hints: ['a request can be extended within its first month only'],
    });
  });
}

/** Requests by which somebody who is not the person could get, or destroy, what is the person's. */
const needVerification: readonly SubjectRequest['kind'][] = [
  'access',
  'portability',
  'rectification',
  'erasure',
];

/**
 * Closes a request.
 * @throws {PosternError} exit 6 `requester-not-verified`; exit 2 `note-missing`, `certificate-unknown`; as `change`
 */
export async function closeRequest(
  context: RequestContext,
  number: number,
  closing: {
    readonly outcome: RequestOutcome;
    readonly note: string | undefined;
    readonly certificateId: string | undefined;
  },
): Promise<SubjectRequest> {
  const { outcome, note = null, certificateId } = closing;
  if (outcome === 'refused' && note === null) {
    throw usageError('a refusal says why: the person has a right to know (GDPR, Article 12(4))', {
      code: 'note-missing',
      hints: ['give --note'],
    });
  }
  const certificate =
    certificateId === undefined ? null : await knownCertificate(await context.state(), certificateId);
  const detail = { outcome, note, certificateId: certificate };
  return change(context, number, 'closed', detail, ({ kind, verified, instruction }) => {
    if (outcome !== 'fulfilled' || !needVerification.includes(kind)) return;
    if (verified !== null || instruction !== null) return;
    throw refused(`nobody has made sure who asks in request ${number}`, {
      code: 'requester-not-verified',
      hints: [`\`postern request verify ${number} --how TEXT\` records how that was done`],
    });
  });
}

async function knownCertificate(db: Queryable, idOrPrefix: string): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    'select id from postern.certificate where pg_catalog.starts_with(id, $1) limit 2',
    [idOrPrefix],
  );
  const [found, another] = rows;
  if (found !== undefined && another === undefined && idOrPrefix.length >= 8) return found.id;
  throw usageError(`no certificate is called ${idOrPrefix}`, {
    code: 'certificate-unknown',
    hints: ['`postern certificate list` shows them; eight digits are enough'],
  });
}

/** @throws {PosternError} exit 6 `request-closed`, `request-event-known`; exit 2 `request-unknown` */
async function change(
  context: RequestContext,
  number: number,
  event: 'verified' | 'extended' | 'closed',
  detail: Readonly<Record<string, string | null>>,
  check: (request: SubjectRequest, now: Date) => void = () => {},
): Promise<SubjectRequest> {
  const db = await context.state();
  const now = context.clock.now();
  const request = await showRequest(db, context.profile, number, now);
  if (request.closed !== null) {
    throw refused(`request ${number} was closed at ${request.closed.at}`, { code: 'request-closed' });
  }
  check(request, now);
  const action = { action: `request.${event}`, target: request.reference, detail: { number } };
  return audited(context, action, async () => {
    if (await storeEvent(db, number, event, detail)) {
      return showRequest(db, context.profile, number, context.clock.now());
    }
    throw refused(`request ${number} was ${event} before`, { code: 'request-event-known' });
  });
}
