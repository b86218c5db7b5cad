import type { Queryable } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { subjectExpression } from '../column/walked-column.ts';
import { countKeyless } from '../keyring/first-versions.ts';
import { hasSource } from './adopt-row.ts';
import type { AdoptedColumn } from './adopted-column.ts';
import type { AdoptForecast, AdoptMode } from './inputs.ts';

/** AWS KMS, symmetric requests, US dollars each: 0.03 for 10,000. */
const usdPerKmsCall = 0.03 / 10_000;

/** Values a second that one worker encrypts, for the forecast of time. */
const valuesPerSecond = 5_000;

/** A passphrase of pgcrypto is hashed some 65,000 to 250,000 times for every value. */
const pgcryptoPerSecond = 500;

/** What a written row costs in the write-ahead log beside itself: headers, and an entry in an index. */
const walPerRow = 150;

/** What adopting will take, from a count of all values. */
export async function forecastOf(
  db: Queryable,
  adopted: AdoptedColumn,
  {
    mode,
    makeKeys,
    workers,
    rowsPerSecond,
  }: {
    readonly mode: AdoptMode;
    readonly makeKeys: string | null;
    readonly workers: number;
    readonly rowsPerSecond: number | null;
  },
): Promise<AdoptForecast> {
  const { target, keyring, source } = adopted;
  const isOpen = source === undefined ? 'true' : `${quoteIdentifier(target.column)} is null`;
  const subject = subjectExpression(target, 'walked');
  const { rows } = await db.query<Record<'total' | 'open' | 'subjects', string>>(
    `select count(*) as total, count(*) filter (where ${isOpen}) as open, count(distinct ${subject}) as subjects
     from ${tableName(target.table)} walked where ${hasSource(adopted)}`,
  );
  const [total, open, subjects] = [rows[0]?.total, rows[0]?.open, rows[0]?.subjects].map(Number) as [
    number,
    number,
    number,
  ];
  const newKeys = makeKeys === null ? 0 : await countKeyless(db, keyring, target, hasSource(adopted));
  const values = mode === 'finish' ? total : open;
  const { bytes, toastBytes, estimatedRows } = target.relation;
  const rowBytes = estimatedRows === null || estimatedRows < 1 ? 500 : (bytes + toastBytes) / estimatedRows;
  const kmsCalls = newKeys + subjects;
  // Copied values are read twice: once to be encrypted, once to be compared.
  const passes = mode === 'in-place' ? 1 : 2;
  const each = source?.format === 'pgcrypto' ? pgcryptoPerSecond : valuesPerSecond;
  const rate = Math.min(each * workers, rowsPerSecond ?? Number.POSITIVE_INFINITY);
  return {
    values,
    compared: total - open,
    newKeys,
    kmsCalls,
    usd: Number((kmsCalls * usdPerKmsCall).toFixed(6)),
    walBytes: Math.ceil(values * (rowBytes + walPerRow)),
    seconds: Math.ceil((total * passes) / rate),
  };
}
