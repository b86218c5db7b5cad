import { createHash } from 'node:crypto';
import { inParallel } from '../../base/in-parallel.ts';
import type { Client } from '../../base/postgres.ts';
import type { KmsService } from '../../cloud/kms-service.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { changeKeyring } from './kept.ts';
import type { KeyVersion } from './key-version.ts';
import type { KeyringTable } from './keyring-table.ts';
import { requireMade } from './made.ts';
import { activeKeys, activeKeysAfter, contextColumnsOf, keyContext } from './read-keys.ts';
import { byKek } from './usable-kek.ts';

/**
 * The id of the version that a plan puts in the place of another: always the same, so that a step that is done twice
 * makes no second one. A version 8 UUID (RFC 9562 §5.8) of a hash.
 */
export function successorId(planId: string, id: string): string {
  const hash = createHash('sha256').update(`postern key successor\0${planId}\0${id}`).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export interface SuccessorOptions {
  readonly planId: string;
  /** The KMS key that wraps the new versions; that of the old one unless told. */
  readonly kek: string | undefined;
  /** The version's number, from the highest that there is; the next one unless told. */
  readonly numberAfter?: (highest: number) => number;
}

/** The newest active version of every subject, a page at a time, in the order of ids. */
export async function* newestActive(
  db: Client,
  keyring: KeyringTable,
  { after, pageSize }: { readonly after: string | undefined; readonly pageSize: number },
): AsyncGenerator<{ readonly keys: readonly KeyVersion[]; readonly last: string }, void, undefined> {
  for (let from = after; ; ) {
    const page = await activeKeysAfter(db, keyring, { after: from, limit: pageSize });
    const last = page.at(-1);
    if (last === undefined) return;
    const newest = await activeKeys(db, keyring, [...new Set(page.map(({ subject }) => subject))]);
    const ids = new Set(newest.map(({ id }) => id));
    yield { keys: page.filter(({ id }) => ids.has(id)), last: last.id };
    from = last.id;
  }
}

/**
 * Makes a pre-active successor for each of these versions that has none yet: the old row once more, with an id, a
 * version and a wrapped key of its own.
 * @returns how many were made
 * @throws {PosternError} exit 6, `keyring-not-kept`
 */
export async function makeSuccessors(
  db: Client,
  kms: Pick<KmsService, 'generateDataKey'>,
  keyring: KeyringTable,
  olds: readonly KeyVersion[],
  { planId, kek, numberAfter = (highest) => highest + 1 }: SuccessorOptions,
): Promise<number> {
  const ids = olds.map(({ id }) => successorId(planId, id));
  const there = await existing(db, keyring, ids);
  const missing = olds.filter((_, index) => !there.has(ids[index] ?? ''));
  if (missing.length === 0) return 0;
  const rows = await contextRows(db, keyring, missing);
  const made: MadeVersion[] = [];
  await inParallel(missing, 8, async (old) => {
    const id = successorId(planId, old.id);
    const version = numberAfter(rows.get(old.id)?.newest ?? old.version);
    const row = new Map(rows.get(old.id)?.context);
    row.set(keyring.id, id).set(keyring.version, String(version)).set(keyring.state, 'pre-active');
    const wrapping = kek ?? old.kek;
    row.set(keyring.kek, wrapping);
    const dataKey = await byKek(wrapping, () => kms.generateDataKey(wrapping, keyContext(keyring, row)));
    dataKey.plaintext.fill(0);
    made.push({
      id,
      old: old.id,
      version,
      kek: wrapping,
      wrapped: dataKey.wrapped,
      material: dataKey.materialId,
    });
  });
  return changeKeyring(
    db,
    () => insertVersions(db, keyring, made),
    () => requireMade(db, keyring, 'pre-active', made),
  );
}

interface MadeVersion {
  readonly id: string;
  readonly old: string;
  readonly version: number;
  readonly kek: string;
  readonly wrapped: Uint8Array;
  readonly material: string | undefined;
}

async function existing(
  db: Client,
  { table, id }: KeyringTable,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ id: string }>(
    `select ${quoteIdentifier(id)}::text as id from ${tableName(table)} where ${quoteIdentifier(id)} = any($1::uuid[])`,
    [ids],
  );
  return new Set(rows.map((row) => row.id));
}

/** What the contexts of the new versions are made of, and the highest version that each subject has. */
async function contextRows(db: Client, keyring: KeyringTable, olds: readonly KeyVersion[]) {
  const { table, id, subject, version } = keyring;
  const columns = contextColumnsOf(keyring);
  const same =
    subject === undefined ? 'true' : `o.${quoteIdentifier(subject)} = k.${quoteIdentifier(subject)}`;
  const { rows } = await db.query<
    { readonly id: string; readonly newest: string } & Record<string, string | null>
  >(
    `select k.${quoteIdentifier(id)}::text as id,
       (select max(o.${quoteIdentifier(version)}) from ${tableName(table)} o where ${same})::text as newest
       ${columns.map((column, index) => `, k.${quoteIdentifier(column)}::text as context${index}`).join('')}
     from ${tableName(table)} k where k.${quoteIdentifier(id)} = any($1::uuid[])`,
    [olds.map((old) => old.id)],
  );
  return new Map(
    rows.map((row) => [
      row.id,
      {
        newest: Number(row.newest),
        context: new Map(columns.map((column, index) => [column, row[`context${index}`] ?? ''])),
      },
    ]),
  );
}

/** Every column that is not said otherwise is copied from the old version: a tenant, a region. */
async function insertVersions(
  db: Client,
  keyring: KeyringTable,
  made: readonly MadeVersion[],
): Promise<number> {
  const { table, relation, id, version, state, kek, wrapped, material, created } = keyring;
  const own = new Map([
    [id, 'n.id'],
    [version, 'n.version'],
    [state, `'pre-active'`],
    [kek, 'n.kek'],
    [wrapped, 'n.wrapped'],
    ...(material === undefined ? [] : [[material, 'n.material'] as const]),
    ...(created === undefined ? [] : [[created, 'pg_catalog.clock_timestamp()'] as const]),
  ]);
  // What the database gives each row itself is not copied.
  const columns = relation.columns.filter(
    ({ name, generated, identity, default: value }) =>
      own.has(name) || (generated === null && identity === null && value?.startsWith('nextval(') !== true),
  );
  const { rowCount } = await db.query(
    `insert into ${tableName(table)} (${columns.map(({ name }) => quoteIdentifier(name)).join(', ')})
     select ${columns.map(({ name }) => own.get(name) ?? `o.${quoteIdentifier(name)}`).join(', ')}
     from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::bytea[], $6::text[])
       n(id, old, version, kek, wrapped, material)
     join ${tableName(table)} o on o.${quoteIdentifier(id)} = n.old`,
    [
      made.map((row) => row.id),
      made.map((row) => row.old),
      made.map((row) => row.version),
      made.map((row) => row.kek),
      made.map((row) => Buffer.from(row.wrapped)),
      made.map((row) => row.material ?? null),
    ],
  );
  return rowCount ?? 0;
}
