import type { Queryable } from '../../base/postgres.ts';
import type { HashParity } from '../../platform/map/index.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { subjectExpression } from '../column/walked-column.ts';
import type { HashedColumn } from './hashed-column.ts';
import type { HmacForecast, HmacMode } from './inputs.ts';

/** AWS KMS, symmetric requests, US dollars each: 0.03 for 10,000. */
const usdPerKmsCall = 0.03 / 10_000;

/** Values a second that one worker hashes and compares, or writes, for the forecast of time. */
const readPerSecond = 25_000;
const writtenPerSecond = 12_000;
/** Encrypted ones are opened first. */
const openedPerSecond = 5_000;

/** What a written row costs in the write-ahead log beside itself: headers, and an entry in an index. */
const walPerRow = 150;

/** How often all rows are read: filled, verified, and once more at the end; or compared, and emptied. */
const passes: Readonly<Record<HmacMode, number>> = { new: 3, active: 2, finish: 2 };

interface Wanted {
  readonly mode: HmacMode;
  /** Where hashes are written, or, to finish, removed. */
  readonly parity: HashParity;
  readonly newKeys: number;
  readonly workers: number;
  readonly rowsPerSecond: number | null;
  readonly writerCacheSeconds: number;
}

/** What it will take, from a count of all values. */
export async function forecastOf(
  db: Queryable,
  hashes: readonly HashedColumn[],
  wanted: Wanted,
): Promise<HmacForecast> {
  const { mode, newKeys } = wanted;
  const counts: Counted[] = [];
  for (const hashed of hashes) counts.push({ hashed, ...(await countHashes(db, hashed, wanted.parity)) });
  const sum = (of: (found: Counted) => number): number =>
    counts.reduce((total, found) => total + of(found), 0);
  const toWrite = ({ missing, there }: Counted): number => (mode === 'finish' ? there : missing);
  // The key that is made, the one that hashes are made with, and the data keys of what is encrypted.
  const kmsCalls = newKeys + 1 + sum(({ subjects }) => subjects);
  const waits = mode === 'new' ? 2 : mode === 'finish' ? 1 : 0;
  return {
    values: sum(toWrite),
    compared: sum(({ values, missing }) => (mode === 'finish' ? values : values - missing)),
    newKeys,
    kmsCalls,
    usd: Number((kmsCalls * usdPerKmsCall).toFixed(6)),
    walBytes: Math.ceil(sum((found) => toWrite(found) * (rowBytes(found.hashed) + walPerRow))),
    seconds:
      Math.ceil(sum((found) => secondsOf(found, toWrite(found), wanted))) + waits * wanted.writerCacheSeconds,
  };
}

/** Every pass reads all values, and the first writes what is to be written. */
function secondsOf(
  { hashed, values }: Counted,
  written: number,
  { mode, workers, rowsPerSecond }: Wanted,
): number {
  const rate = (each: number): number =>
    Math.min(
      workers * (hashed.source.kind === 'encrypted' ? Math.min(each, openedPerSecond) : each),
      rowsPerSecond ?? Number.POSITIVE_INFINITY,
    );
  const read = Math.max(0, values * passes[mode] - written);
  return written / rate(writtenPerSecond) + read / rate(readPerSecond);
}

function rowBytes({ relation: { bytes, toastBytes, estimatedRows } }: HashedColumn): number {
  return estimatedRows === null || estimatedRows < 1 ? 500 : (bytes + toastBytes) / estimatedRows;
}

interface HashCounts {
  /** Rows with a value. */
  readonly values: number;
  /** Of these, rows without a hash. */
  readonly missing: number;
  /** Rows with a hash, whether they have a value or not. */
  readonly there: number;
  /** Rows with a hash and without a value: their hashes go. */
  readonly orphans: number;
  /** Whose values they are, where they are encrypted. */
  readonly subjects: number;
}

type Counted = HashCounts & { readonly hashed: HashedColumn };

/** Counts a column of hashes beside what is hashed; nothing is compared. */
export async function countHashes(
  db: Queryable,
  { table, source, columns }: HashedColumn,
  parity: HashParity,
): Promise<HashCounts> {
  const value = quoteIdentifier(source.column);
  const hash = quoteIdentifier(columns[parity]);
  const subjects =
    source.kind === 'encrypted'
      ? `count(distinct ${subjectExpression(source.sealed, 'walked')}) filter (where ${value} is not null)`
      : '0';
  const { rows } = await db.query<HashCounts>(
    `select count(${value})::float8 as values, count(${hash})::float8 as there, (${subjects})::float8 as subjects,
       count(*) filter (where ${value} is not null and ${hash} is null)::float8 as missing,
       count(*) filter (where ${value} is null and ${hash} is not null)::float8 as orphans
     from ${tableName(table)} walked`,
  );
  return rows[0] ?? { values: 0, missing: 0, there: 0, orphans: 0, subjects: 0 };
}
