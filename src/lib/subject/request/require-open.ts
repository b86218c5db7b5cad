import { refused } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import type { OperationContext } from '../../operation/context.ts';
import { showRequest } from './requests.ts';
import type { SubjectRequest } from './results.ts';

/**
 * What fulfils a request is of one that asks for it and is open, by somebody who was made sure of: asked when a plan is
 * made, and again when it begins, since whoever asked may have changed their mind.
 * @throws {PosternError} exit 2 `request-unknown`; exit 6 `request-closed`, `request-not-KIND`, `requester-not-verified`
 */
async function requireOpenRequest(
  db: Queryable,
  wanted: {
    readonly profile: string;
    readonly number: number;
    readonly kind: SubjectRequest['kind'];
    readonly now: Date;
  },
): Promise<void> {
  const { profile, number, kind, now } = wanted;
  const request = await showRequest(db, profile, number, now);
  if (request.closed !== null) {
    throw refused(`request ${number} was closed at ${request.closed.at}`, { code: 'request-closed' });
  }
  if (request.kind !== kind) {
    throw refused(`request ${number} is one for ${request.kind}`, { code: `request-not-${kind}` });
  }
  if (request.verified === null && request.instruction === null) {
    throw refused(`nobody has made sure who asks in request ${number}`, {
      code: 'requester-not-verified',
      hints: [`\`postern request verify ${number} --how TEXT\` records how that was done`],
    });
  }
}

/** The same of a plan that fulfils a request; null where it fulfils none. Errors as `requireOpenRequest`. */
export async function requireAsked(
  context: Pick<OperationContext, 'state' | 'profile' | 'clock'>,
  number: number | null,
  kind: SubjectRequest['kind'],
): Promise<void> {
  if (number === null) return;
  const { profile, clock } = context;
  await requireOpenRequest(await context.state(), { profile, number, kind, now: clock.now() });
}
