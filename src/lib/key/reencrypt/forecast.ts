import type { Queryable } from '../../base/postgres.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { countColumn } from '../census/count-column.ts';
import { tableName } from '../column/table-name.ts';
import type { ReencryptForecast } from './inputs.ts';
import type { KeyringScope } from './scope.ts';

/** AWS KMS, symmetric requests, US dollars each: 0.03 for 10,000. */
const usdPerKmsCall = 0.03 / 10_000;

/** Values a second that one worker encrypts again, for the forecast of time; `npm run bench -- reencrypt` measures it. */
const valuesPerSecond = 5_000;

/** What a written row costs in the write-ahead log beside itself: headers, and an entry in an index. */
const walPerRow = 150;

/** What a re-encryption will take, from a count of all values. */
export async function forecastOf(
  db: Queryable,
  { keyring, columns }: KeyringScope,
  {
    keys,
    workers,
    rowsPerSecond,
  }: {
    readonly keys: 'new' | 'active';
    readonly workers: number;
    readonly rowsPerSecond: number | null;
  },
): Promise<ReencryptForecast> {
  const state = quoteIdentifier(keyring.state);
  const partition = keyring.subject === undefined ? `'all'::text` : quoteIdentifier(keyring.subject);
  const { rows } = await db.query<{ subjects: string }>(
    `select count(distinct ${partition}) as subjects from ${tableName(keyring.table)} where ${state}::text = 'active'`,
  );
  const subjects = Number(rows[0]?.subjects ?? 0);
  let values = 0;
  let oldKeys = 0;
  let walBytes = 0;
  for (const column of columns) {
    const groups = (await countColumn(db, column)).filter(
      ({ format, state: of, isNewest }) =>
        format === 'keyed' && (keys === 'new' || of !== 'active' || isNewest === false),
    );
    const found = groups.reduce((sum, group) => sum + group.values, 0);
    const { bytes, toastBytes, estimatedRows } = column.relation;
    const rowBytes = estimatedRows === null || estimatedRows < 1 ? 500 : (bytes + toastBytes) / estimatedRows;
    values += found;
    oldKeys += groups.reduce((sum, group) => sum + group.keys, 0);
    walBytes += Math.ceil(found * (rowBytes + walPerRow));
  }
  const newKeys = keys === 'new' ? subjects : 0;
  // Each key that values are under is opened once, and the one that they go to.
  const kmsCalls = newKeys + oldKeys + Math.min(subjects, oldKeys);
  const rate = Math.min(valuesPerSecond * workers, rowsPerSecond ?? Number.POSITIVE_INFINITY);
  return {
    values,
    newKeys,
    kmsCalls,
    usd: Number((kmsCalls * usdPerKmsCall).toFixed(6)),
    walBytes,
    seconds: Math.ceil(values / rate),
  };
}
