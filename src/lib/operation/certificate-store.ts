import { integrityError, usageError } from '../base/error.ts';
import type { Queryable } from '../base/postgres.ts';
import { isoTime } from '../state/iso-time.ts';
import { type Certificate, readCertificate } from './certificate.ts';

/** Keeps a certificate; a plan has at most one. */
export async function storeCertificate(
  db: Queryable,
  certificate: Certificate,
  planId?: string,
): Promise<void> {
  await db.query(
    `insert into postern.certificate (id, plan_id, predicate_type, envelope, created_at)
     values ($1, $2, $3, $4, clock_timestamp()) on conflict (id) do nothing`,
    [
      certificate.id,
      planId ?? null,
      certificate.statement.predicateType,
      `${JSON.stringify(certificate.envelope, undefined, 2)}\n`,
    ],
  );
}

export interface CertificateListEntry {
  readonly id: string;
  readonly planId: string | null;
  readonly predicateType: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
}

/** The newest certificates first. */
export async function listCertificates(db: Queryable, limit = 100): Promise<readonly CertificateListEntry[]> {
  const { rows } = await db.query<CertificateListEntry>(
    `select id, plan_id as "planId", predicate_type as "predicateType", ${isoTime('created_at')} as "createdAt"
     from postern.certificate order by created_at desc, id limit $1`,
    [limit],
  );
  return rows;
}

/**
 * The envelope's text, by the certificate's id, its first digits (eight at least), or the id of its plan.
 * @throws {PosternError} exit 2 `certificate-missing`, `certificate-ambiguous`; exit 5 `certificate-tampered`
 */
export async function loadCertificate(db: Queryable, idOrPrefix: string): Promise<string> {
  const prefix = idOrPrefix.toLowerCase();
  if (!/^[0-9a-f]{8,64}$/.test(prefix)) {
    throw usageError('a certificate is named by its id or at least its first eight digits', {
      code: 'certificate-id',
    });
  }
  const { rows } = await db.query<{ id: string; envelope: string }>(
    `select id, envelope from postern.certificate
     where starts_with(id, $1) or starts_with(plan_id, $1) order by id limit 2`,
    [prefix],
  );
  const [found, other] = rows;
  if (found === undefined) {
    throw usageError(`there is no certificate ${idOrPrefix}`, {
      code: 'certificate-missing',
      hints: ['`postern certificate list` shows what there is'],
    });
  }
  if (other !== undefined) {
    throw usageError(`several certificates begin with ${idOrPrefix}`, {
      code: 'certificate-ambiguous',
      hints: ['give more digits of the id'],
    });
  }
  if (readCertificate(found.envelope).id === found.id) return found.envelope;
  throw integrityError(`the stored certificate ${found.id} is another one`, {
    code: 'certificate-tampered',
    hints: ['find out who changed the state database: `postern audit verify`'],
  });
}
