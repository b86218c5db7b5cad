import { counted } from '../../base/counted.ts';
import { partial, refused } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { KeyContext } from '../context.ts';
import { quarantineReasons } from '../walk/quarantine.ts';
import type { RowWork } from '../walk/row-work.ts';
import { workOnLeftovers } from '../walk/second-pass.ts';
import type { HashRow } from './hash-row.ts';
import { checkWork, type Hashing } from './hash-work.ts';

interface Pass {
  readonly db: Client;
  readonly work: RowWork<HashRow>;
  readonly planId: string;
  readonly batchSize: number;
}

/**
 * Hashes the few values that applications wrote without a hash while the walk was under way.
 * @returns how many were written
 * @throws {PosternError} exit 7, `hash-missing`: more are written without one all the time
 */
export async function allHashed(context: KeyContext, pass: Pass, hashing: Hashing): Promise<number> {
  const { hashed, parity } = hashing;
  const column = hashed.columns[parity];
  const value = quoteIdentifier(hashed.source.column);
  const isLeft = `${value} is not null and ${quoteIdentifier(column)} is null`;
  const written = await workOnLeftovers(context, pass, { text: isLeft, values: [] });
  const rows = await countMissing(pass, hashing, isLeft);
  if (rows === 0) return written;
  const what = `${counted(rows, 'row')} of ${hashed.table} ${rows === 1 ? 'has' : 'have'} ${hashed.source.column}`;
  throw partial(`${what}, and no hash in ${column}`, {
    code: 'hash-missing',
    hints: [
      'an application, or a trigger, does not write the columns of all versions: docs/hmac.md says which',
      'mend it, then apply the plan again: until then applications look up by the version before',
    ],
  });
}

/** Rows that ought to have a hash; those whose value cannot be opened are in quarantine, or shredded. */
async function countMissing({ db, batchSize }: Pass, hashing: Hashing, where: string): Promise<number> {
  const check = checkWork(hashing);
  let missing = 0;
  for await (const { rows } of check.read(db, { batchSize, where: { text: where, values: [] } })) {
    const { refused: wrong } = await check.pass(db, rows);
    missing += wrong.filter(({ reason }) => reason === 'hash-missing').length;
  }
  return missing;
}

/**
 * Empties the few rows that applications wrote while the walk was under way.
 * @returns how many were written
 * @throws {PosternError} exit 7, `hash-still-written`
 */
export async function noneLeft(
  context: KeyContext,
  pass: Pass,
  { hashed, parity }: Hashing,
): Promise<number> {
  const column = hashed.columns[parity === 'odd' ? 'even' : 'odd'];
  const isLeft = `${quoteIdentifier(column)} is not null`;
  const written = await workOnLeftovers(context, pass, { text: isLeft, values: [] });
  const left = await count(pass.db, hashed.table, isLeft);
  const quarantined = await quarantinedRows(context, hashed.table, hashed.columns[parity]);
  if (left <= quarantined) return written;
  throw partial(
    `applications still write ${hashed.table}.${column}: ${counted(left - quarantined, 'row')} since`,
    {
      code: 'hash-still-written',
      hints: [
        'let them write the columns of versions that are pre-active, active or decrypt-only, then apply the plan again',
      ],
    },
  );
}

async function count(db: Client, table: string, where: string): Promise<number> {
  const { rows } = await db.query<{ rows: number }>(
    `select count(*)::float8 as rows from ${tableName(table)} where ${where}`,
  );
  return rows[0]?.rows ?? 0;
}

/** @throws {PosternError} exit 7, `key-quarantine` */
export async function nothingQuarantined(context: KeyContext, { hashed, parity }: Hashing): Promise<void> {
  const reasons = await reasonsOf(context, hashed.table, hashed.columns[parity]);
  if (reasons === undefined) return;
  throw partial(`in quarantine: ${reasons}`, {
    code: 'key-quarantine',
    hints: [
      '`postern key quarantine` lists the rows; each stays as it is',
      'repair or remove them, then apply the plan again: it tries each once more',
    ],
  });
}

/** @throws {PosternError} exit 6, `hash-differs` */
export async function allRight(context: KeyContext, { hashed, parity }: Hashing): Promise<void> {
  const reasons = await reasonsOf(context, hashed.table, hashed.columns[parity]);
  if (reasons === undefined) return;
  throw refused(`nothing is removed, because hashes of the active version are not right: ${reasons}`, {
    code: 'hash-differs',
    hints: [
      '`postern key quarantine` lists the rows',
      'let every application write the active version, and `postern key rotate hmac --active-key` set them right',
    ],
  });
}

/** What is in quarantine, in words. */
async function reasonsOf(context: KeyContext, table: string, column: string): Promise<string | undefined> {
  const reasons = Object.entries(
    await quarantineReasons(await context.state(), { profile: context.profile, table, column }),
  );
  if (reasons.length === 0) return undefined;
  return reasons
    .map(([reason, rows]) => `${counted(rows, 'row')} of ${table}.${column} (${reason})`)
    .join(', ');
}

async function quarantinedRows(context: KeyContext, table: string, column: string): Promise<number> {
  const reasons = await quarantineReasons(await context.state(), { profile: context.profile, table, column });
  return Object.values(reasons).reduce((sum, rows) => sum + rows, 0);
}
