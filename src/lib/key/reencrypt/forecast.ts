import type { Queryable } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { countColumn } from '../census/count-column.ts';
import { countUnder } from '../column/count-under.ts';
import { type CompromisedKeys, whereCompromised } from '../keyring/compromised.ts';
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
    compromised = null,
  }: {
    readonly keys: 'new' | 'active';
    readonly workers: number;
    readonly rowsPerSecond: number | null;
    readonly compromised?: CompromisedKeys | null;
  },
): Promise<ReencryptForecast> {
  const subjects = await activeSubjects(db, keyring, compromised);
  let values = 0;
  let oldKeys = 0;
  let walBytes = 0;
  for (const column of columns) {
    const stragglers = (await countColumn(db, column)).filter(
      ({ format, state, isNewest }) =>
        format === 'keyed' &&
        // Shredded: they stay as they are.
        state !== 'destroyed' &&
        ((keys === 'new' && compromised === null) || state !== 'active' || isNewest === false),
    );
    const under = compromised === null ? undefined : await countUnder(db, { column, keyring, compromised });
    const found = stragglers.reduce((sum, group) => sum + group.values, under?.activeValues ?? 0);
    const { bytes, toastBytes, estimatedRows } = column.relation;
    const rowBytes = estimatedRows === null || estimatedRows < 1 ? 500 : (bytes + toastBytes) / estimatedRows;
    values += found;
    oldKeys += stragglers.reduce((sum, group) => sum + group.keys, under?.activeKeys ?? 0);
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

/** How many subjects have an active key; of some keys, how many of those. */
async function activeSubjects(
  db: Queryable,
  keyring: KeyringScope['keyring'],
  compromised: CompromisedKeys | null,
): Promise<number> {
  const subject = keyring.subject === undefined ? `'all'::text` : `k.${quoteIdentifier(keyring.subject)}`;
  const { text, values } = whereCompromised(keyring, compromised ?? { what: 'keyring' });
  const { rows } = await db.query<{ subjects: number }>(
    `select count(distinct ${subject})::float8 as subjects from ${tableName(keyring.table)} k
     where k.${quoteIdentifier(keyring.state)}::text = 'active' and ${text}`,
    [...values],
  );
  return rows[0]?.subjects ?? 0;
}
