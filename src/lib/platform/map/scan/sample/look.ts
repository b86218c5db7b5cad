import { counted } from '../../../../base/counted.ts';
import type { Client } from '../../../../base/postgres.ts';
import type { Progress } from '../../../../base/progress.ts';
import type { Catalog, Relation } from '../../../catalog/index.ts';
import { nameOf } from '../../lint/catalog-model.ts';
import { type ColumnProfile, ProfileBuilder } from '../value/column-profile.ts';
import { measured, readRare, readSample, type SampleLimits, sampleShare } from './read-sample.ts';
import { isWithoutText, type SampledColumn, sampledColumn, valueLength } from './sampled-column.ts';
import { tableSize } from './table-size.ts';
import { isOfValues, type Unseen, unseenReason } from './unseen.ts';

export interface LookOptions {
  readonly limits: SampleLimits;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What is known of a table's values. */
export interface TableProfile {
  readonly relation: Relation;
  readonly rowsRead: number;
  /** Every row was read. */
  readonly isWhole: boolean;
  /** By column; only of those that may hold text and could be read. */
  readonly columns: ReadonlyMap<string, ColumnProfile>;
}

export interface Looked {
  /** By canonical `schema.table`. */
  readonly tables: ReadonlyMap<string, TableProfile>;
  readonly unseen: readonly Unseen[];
}

/** Looks into a sample of each of these tables, one after the other, and keeps counts of what is there. */
export async function lookInto(
  db: Client,
  {
    catalog,
    relations,
    wanted = () => true,
  }: {
    readonly catalog: Catalog;
    readonly relations: readonly Relation[];
    /** Which columns are of interest; all unless told. */
    readonly wanted?: (relation: Relation, column: string) => boolean;
  },
  { limits, progress, signal }: LookOptions,
): Promise<Looked> {
  const hidden = await hiddenColumns(db);
  const tables = new Map<string, TableProfile>();
  const unseen: Unseen[] = [];
  const step = progress.step(`look into ${counted(relations.length, 'table')}`);
  for (const relation of relations) {
    signal.throwIfAborted();
    const table = nameOf(relation);
    const texts = relation.columns.filter(
      (column) => !isWithoutText(column, catalog) && wanted(relation, column.name),
    );
    const readable = texts.filter(({ number }) => !hidden.has(`${relation.oid} ${number}`));
    if (!relation.populated || texts.length === 0) continue;
    progress.detail(`look into ${table}`);
    const columns = readable.map((column) => sampledColumn(column, catalog));
    if (columns.length === 0) {
      unseen.push({ table, column: null, reason: 'permission denied' });
      continue;
    }
    const found = await lookIntoTable(db, { catalog, relation, columns, limits, signal });
    if (found.profile !== undefined) tables.set(table, found.profile);
    unseen.push(...found.unseen);
    for (const { name } of texts.filter((one) => !readable.includes(one)))
      unseen.push({ table, column: name, reason: 'permission denied' });
  }
  step.done();
  return { tables, unseen };
}

interface TableLook {
  readonly catalog: Catalog;
  readonly relation: Relation;
  readonly columns: readonly SampledColumn[];
  readonly limits: SampleLimits;
  readonly signal: AbortSignal;
}

/** Where a value of one column cannot be read, the others are read one by one. */
async function lookIntoTable(
  db: Client,
  look: TableLook,
): Promise<{ readonly profile: TableProfile | undefined; readonly unseen: readonly Unseen[] }> {
  const table = nameOf(look.relation);
  try {
    return { profile: await profileOf(db, look), unseen: [] };
  } catch (error) {
    const reason = unseenReason(error);
    if (reason === undefined) throw error;
    if (look.columns.length === 1 || !isOfValues(error))
      return { profile: undefined, unseen: [{ table, column: null, reason }] };
  }
  const unseen: Unseen[] = [];
  let profile: TableProfile | undefined;
  for (const column of look.columns) {
    const one = await lookIntoTable(db, { ...look, columns: [column] });
    unseen.push(...one.unseen.map((part) => ({ ...part, column: column.name })));
    if (one.profile === undefined) continue;
    const columns = new Map([...(profile?.columns ?? []), ...one.profile.columns]);
    profile = { ...one.profile, columns };
  }
  return { profile, unseen };
}

async function profileOf(
  db: Client,
  { catalog, relation, columns, limits, signal }: TableLook,
): Promise<TableProfile> {
  const deadline = performance.now() + limits.time;
  const builders = columns.map(({ kind }) => new ProfileBuilder(kind));
  const cut = new Set<number>();
  let rowsRead = 0;
  const share = sampleShare(await measured(db, relation, tableSize(relation, catalog), limits), limits);
  const isWhole = await readSample(db, { relation, columns, share, limits, signal }, (row) => {
    rowsRead += 1;
    for (const [index, builder] of builders.entries()) {
      const value = row[index];
      if (value === null || value === undefined) continue;
      builder.add(value);
      if (value.length >= valueLength) cut.add(index);
    }
  });
  // An address may stand in rows that were not read, and behind the beginning of those that were.
  const left = columns.flatMap((column, index) => {
    const builder = builders[index];
    const isDone = builder === undefined || builder.hasFound || (isWhole && !cut.has(index));
    return isDone ? [] : [{ column, builder }];
  });
  if (relation.kind !== 'foreign-table') {
    const time = Math.max(limits.time / 4, deadline - performance.now()) / Math.max(1, left.length);
    for (const { column, builder } of left) {
      signal.throwIfAborted();
      await findRare(db, { relation, column, time }, builder);
    }
  }
  const profiles = builders.map((builder, index) => [columns[index]?.name ?? '', builder.profile()] as const);
  return { relation, rowsRead, isWhole, columns: new Map(profiles) };
}

/** The sample stands, whatever becomes of the search. */
async function findRare(
  db: Client,
  rare: Parameters<typeof readRare>[1],
  builder: ProfileBuilder,
): Promise<void> {
  try {
    await readRare(db, rare, (value) => builder.add(value));
  } catch (error) {
    if (unseenReason(error) === undefined) throw error;
  }
}

/** Columns that this role may not read, as `oid number`; a table of which it may read some is read in part. */
async function hiddenColumns(db: Client): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ readonly id: string }>(
    `select a.attrelid::text || ' ' || a.attnum::text as id
       from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
      where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'm', 'f')
        and not pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'select')`,
  );
  return new Set(rows.map(({ id }) => id));
}
