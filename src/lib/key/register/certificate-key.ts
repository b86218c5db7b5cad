import type { Queryable } from '../../base/postgres.ts';
import { isoTime } from '../../state/iso-time.ts';
import type { KeyRow } from './results.ts';
import { keyRow, type Watch } from './row.ts';

/**
 * The key in a file that signs certificates. Its file has no date (PKCS #8), so that its age is counted from the first
 * certificate that it signed.
 * @param cryptoperiod milliseconds
 */
export async function certificateKeyRow(
  db: Queryable | undefined,
  key: { readonly file: string; readonly keyId: string },
  cryptoperiod: number,
  watch: Watch,
): Promise<KeyRow> {
  const first = db === undefined ? undefined : await firstSigned(db, key.keyId);
  return keyRow(
    {
      id: `certificate-signer:${key.keyId}`,
      kind: 'certificate-signer',
      name: key.file,
      state: first === undefined ? 'not used yet' : 'active',
      ...(first === undefined ? {} : { activated: first }),
      cryptoperiod,
      atEnd: 'make its successor, and trust both',
      usedFor: ['signs certificates'],
    },
    watch,
  );
}

async function firstSigned(db: Queryable, keyId: string): Promise<Date | undefined> {
  const { rows } = await db.query<{ first: string | null }>(
    `select ${isoTime('min(created_at)')} as first from postern.certificate
     where envelope::jsonb -> 'signatures' @> jsonb_build_array(jsonb_build_object('keyid', $1::text))`,
    [keyId],
  );
  const first = rows[0]?.first ?? undefined;
  return first === undefined ? undefined : new Date(first);
}
