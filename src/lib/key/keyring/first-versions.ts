import { usageError } from '../../base/error.ts';
import { inParallel } from '../../base/in-parallel.ts';
import type { Client, Queryable } from '../../base/postgres.ts';
import type { KmsService } from '../../cloud/kms-service.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { subjectExpression, type WalkedColumn } from '../column/walked-column.ts';
import { changeKeyring } from './kept.ts';
import type { KeyringTable } from './keyring-table.ts';
import { requireMade } from './made.ts';
import { successorId } from './make-versions.ts';
import { contextColumnsOf, keyContext } from './read-keys.ts';
import { byKek } from './usable-kek.ts';

/** A subject that has no key at all, of any state: one whose keys were destroyed gets no new one. */
export interface KeylessSubject {
  /** As it is bound into values. */
  readonly subject: string;
  /** As a template of the encryption context writes it. */
  readonly text: string;
}

/**
 * Whether a first key can be made from what the map says of a keyring.
 * @throws {PosternError} exit 2, `keyring-columns`
 */
export function requireMakeable(keyring: KeyringTable): void {
  const unknown = unknownColumns(keyring);
  if (unknown.length === 0 && keyring.subject !== undefined) return;
  const why = keyring.subject === undefined ? 'it has no subjects' : `nobody knows its ${unknown.join(', ')}`;
  throw notMakeable(keyring, why, 'let the application make a key for every subject, then adopt the column');
}

/** The same of a keyring without subjects. @throws {PosternError} exit 2, `keyring-columns` */
export function requireFirstMakeable(keyring: KeyringTable): void {
  const unknown = unknownColumns(keyring);
  if (unknown.length === 0) return;
  throw notMakeable(
    keyring,
    `nobody knows its ${unknown.join(', ')}`,
    'let the application make version 1, active',
  );
}

const notMakeable = ({ table }: KeyringTable, why: string, hint: string) =>
  usageError(`no first key can be made in ${table}: ${why}`, { code: 'keyring-columns', hints: [hint] });

/** Columns that a new row needs a value for that nothing tells. */
function unknownColumns(keyring: KeyringTable): readonly string[] {
  const own = ownColumns(keyring);
  const known = [keyring.id, keyring.version, keyring.kek, keyring.subject];
  return [
    ...keyring.relation.columns
      .filter(
        ({ name, notNull, generated, identity, default: value }) =>
          notNull && generated === null && identity === null && value === null && !own.includes(name),
      )
      .map(({ name }) => name),
    ...contextColumnsOf(keyring).filter((name) => !known.includes(name)),
  ];
}

const ownColumns = ({ id, subject, version, state, kek, wrapped, material, created }: KeyringTable) =>
  [id, subject, version, state, kek, wrapped, material, created].filter((name) => name !== undefined);

/** Subjects of rows that meet a condition, and have no key. @param where SQL over the column's own table */
export async function keylessSubjects(
  db: Queryable,
  keyring: KeyringTable,
  column: WalkedColumn,
  { where, limit }: { readonly where: string; readonly limit: number },
): Promise<readonly KeylessSubject[]> {
  const { rows } = await db.query<KeylessSubject>(
    `select distinct pg_catalog.format('%s', subject) as subject, subject::text as text
     from ${keylessQuery(keyring, column, where)} limit ${limit}`,
  );
  return rows;
}

export async function countKeyless(
  db: Queryable,
  keyring: KeyringTable,
  column: WalkedColumn,
  where: string,
): Promise<number> {
  const { rows } = await db.query<{ subjects: string }>(
    `select count(distinct subject) as subjects from ${keylessQuery(keyring, column, where)}`,
  );
  return Number(rows[0]?.subjects ?? 0);
}

function keylessQuery({ table, subject }: KeyringTable, column: WalkedColumn, where: string): string {
  const own = `k.${quoteIdentifier(subject ?? '')}`;
  return `(select ${subjectExpression(column, 'walked')} as subject
      from ${tableName(column.table)} walked where ${where}) wanted
    where wanted.subject is not null
      and not exists (select from ${tableName(table)} k where ${subject === undefined ? 'true' : `${own} = wanted.subject`})`;
}

/**
 * Makes a first, active key for each of these subjects that still has none.
 * @returns how many were made
 * @throws {PosternError} exit 6, `keyring-not-kept`
 */
export async function makeFirstVersions(
  db: Client,
  kms: Pick<KmsService, 'generateDataKey'>,
  keyring: KeyringTable,
  subjects: readonly KeylessSubject[],
  { planId, kek }: { readonly planId: string; readonly kek: string },
): Promise<number> {
  const made: { id: string; subject: string; wrapped: Buffer; material: string | null }[] = [];
  await inParallel(subjects, 8, async ({ subject, text }) => {
    const id = successorId(planId, `first key of ${subject}`);
    const row = new Map([
      [keyring.id, id],
      [keyring.version, '1'],
      [keyring.kek, kek],
      [keyring.subject ?? '', text],
    ]);
    const dataKey = await byKek(kek, () => kms.generateDataKey(kek, keyContext(keyring, row)));
    dataKey.plaintext.fill(0);
    made.push({ id, subject, wrapped: Buffer.from(dataKey.wrapped), material: dataKey.materialId ?? null });
  });
  const own = quoteIdentifier(keyring.subject ?? '');
  const columns = new Map([
    [keyring.id, 'n.id'],
    [keyring.subject ?? '', `n.subject::${keyring.subjectType}`],
    [keyring.version, '1'],
    [keyring.state, `'active'`],
    [keyring.kek, '$5'],
    [keyring.wrapped, 'n.wrapped'],
    ...(keyring.material === undefined ? [] : [[keyring.material, 'n.material'] as const]),
    ...(keyring.created === undefined ? [] : [[keyring.created, 'pg_catalog.clock_timestamp()'] as const]),
  ]);
  const insert = async (): Promise<ReadonlySet<string>> => {
    const { rows } = await db.query<{ id: string }>(
      `insert into ${tableName(keyring.table)} (${[...columns.keys()].map(quoteIdentifier).join(', ')})
       select ${[...columns.values()].join(', ')}
       from unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[]) n(id, subject, wrapped, material)
       where not exists (select from ${tableName(keyring.table)} k where k.${own} = n.subject::${keyring.subjectType})
       on conflict do nothing returning ${quoteIdentifier(keyring.id)}::text as id`,
      [
        made.map(({ id }) => id),
        made.map(({ subject }) => subject),
        made.map(({ wrapped }) => wrapped),
        made.map(({ material }) => material),
        kek,
      ],
    );
    return new Set(rows.map(({ id }) => id));
  };
  const inserted = await changeKeyring(db, insert, (ids) =>
    requireMade(
      db,
      keyring,
      'active',
      made.filter(({ id }) => ids.has(id)).map((key) => ({ ...key, version: 1, kek })),
    ),
  );
  return inserted.size;
}
