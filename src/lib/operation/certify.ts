import { messageOf, partial } from '../base/error.ts';
import type { Queryable } from '../base/postgres.ts';
import type { JsonObject } from '../crypto/canonical-json.ts';
import type { DsseSigner } from '../crypto/dsse.ts';
import { inTransaction } from '../state/transaction.ts';
import type { Approval } from './approval-check.ts';
import { type Certificate, signCertificate } from './certificate.ts';
import { storeCertificate } from './certificate-store.ts';
import type { OperationContext } from './context.ts';
import { appendJournal } from './journal.ts';
import { type Plan, shortId } from './plan.ts';
import type { PlanKind } from './plan-kind.ts';

interface Finished {
  readonly plan: Plan;
  readonly approvals: readonly Approval[];
  readonly results: readonly JsonObject[];
  readonly signer: DsseSigner | undefined;
}

/**
 * Ends a plan whose steps are all done: certificate and `applied` are stored in one transaction, so that a crash
 * leaves both or neither, and a resume signs again.
 * @returns the certificate's id, or undefined without one
 * @throws {PosternError} exit 7 `plan-uncertified`: everything is applied, and only the certificate is missing
 */
export async function certifyPlan<C extends OperationContext>(
  context: C,
  kind: PlanKind<C>,
  session: Queryable,
  finished: Finished,
): Promise<string | undefined> {
  const { plan } = finished;
  try {
    const certificate = await makeCertificate(context, kind, finished);
    await inTransaction(session, async (client) => {
      if (certificate !== undefined) await storeCertificate(client, certificate, plan.id);
      const detail = certificate === undefined ? {} : { certificateId: certificate.id };
      await appendJournal(client, plan.id, { event: 'applied', detail });
    });
    return certificate?.id;
  } catch (cause) {
    throw partial(`every step is done, but the certificate could not be made: ${messageOf(cause)}`, {
      code: 'plan-uncertified',
      cause,
      hints: [
        `mend the cause; \`postern plan apply ${shortId(plan.id)}\` then certifies without repeating a step`,
      ],
    });
  }
}

async function makeCertificate<C extends OperationContext>(
  context: C,
  kind: PlanKind<C>,
  { plan, approvals, results, signer }: Finished,
): Promise<Certificate | undefined> {
  if (kind.certify === undefined) return undefined;
  if (signer === undefined) {
    context.progress.warn('no certificate: the profile names no signer under certificates');
    return undefined;
  }
  const content = await kind.certify(context, plan, results);
  const { kind: name, profile, target, author, createdAt } = plan.body;
  return signCertificate(
    {
      subject: [{ name: 'plan', digest: { sha256: plan.id } }, ...content.subject],
      predicateType: content.predicateType,
      predicate: {
        ...content.predicate,
        plan: {
          id: plan.id,
          kind: name,
          profile,
          target: target as JsonObject,
          author: author as JsonObject,
          createdAt,
          approvals: approvals.map((approval) => ({ ...approval })),
          appliedAt: context.clock.now().toISOString(),
        },
      },
    },
    signer,
  );
}
