import { messageOf } from '../../base/error.ts';
import { type Client, sqlState } from '../../base/postgres.ts';
import { type Catalog, readCatalog } from '../../platform/catalog/index.ts';
import { copyOut } from '../../platform/copy-out.ts';
import { formatName } from '../../platform/map/index.ts';
import { qualifiedName, quoteIdentifier } from '../../platform/quote.ts';
import { normalisesUnicode } from '../find/index.ts';
import type { PersonGraph } from '../graph/person-graph.ts';
import { type CopiedColumn, copyScanner, type FoundRows } from './copy-scanner.ts';
import { fieldScanner, type Search, searchFor } from './field-scanner.ts';
import { halvesIn } from './halves.ts';
import type { SubjectResidueResult } from './results.ts';
import { verdictOf } from './verdict.ts';

/** What the database alone keeps. */
export type DatabaseResidue = Pick<
  SubjectResidueResult,
  'verdict' | 'found' | 'places' | 'rows' | 'bytes' | 'unasked'
>;

export interface ScanOptions {
  /** Addresses, or what persons are called. */
  readonly names: readonly string[];
  /** Display names, which namesakes have too: what has one is told as of the form `name`. */
  readonly called?: readonly string[];
  /** Of the data map, where there is one: it knows which columns hold an address in two halves. */
  readonly graph?: PersonGraph | undefined;
  readonly signal: AbortSignal;
  /** Told before each place. */
  readonly onPlace?: (place: string) => void;
}

/** Bytes of rows that are in memory at once; a longer row is there as a whole. */
const blockSize = 2 ** 20;
const largeObjectPart = 2 ** 20;

/**
 * Looks for names in everything that the database keeps, mapped or not: tables, materialised views, large objects, and
 * the samples of values that ANALYZE leaves in pg_stats. Nothing is changed, and no value is returned. One pass,
 * whatever the number of names.
 */
export async function scanDatabase(db: Client, options: ScanOptions): Promise<DatabaseResidue> {
  const search = searchFor(options.names, options.called);
  await db.query('begin isolation level repeatable read read only');
  const catalog = await readCatalog(db, { locked: 'skip' });
  const found: SubjectResidueResult['found'] = [];
  const unasked: SubjectResidueResult['unasked'] = [];
  let [places, rows, bytes] = [0, 0, 0];
  const look = async (
    place: string,
    work: () => Promise<readonly (FoundRows & { readonly place?: string })[]>,
  ): Promise<void> => {
    options.signal.throwIfAborted();
    options.onPlace?.(place);
    await db.query('savepoint before_place');
    try {
      for (const one of await work()) found.push({ place, ...one });
      places += 1;
    } catch (error) {
      if (sqlState(error) === undefined) throw error;
      await db.query('rollback to before_place');
      unasked.push({ source: place, reason: messageOf(error) });
    }
  };
  const copied = async (columns: readonly CopiedColumn[], select: string): Promise<readonly FoundRows[]> => {
    const scanner = copyScanner(search, columns);
    rows += await copyOut(db, `copy (${select}) to stdout`, { blockSize }, (block) => {
      options.signal.throwIfAborted();
      bytes += block.length;
      scanner.scan(block);
    });
    return scanner.found;
  };

  for (const { place, columns, select } of copies(catalog)) await look(place, () => copied(columns, select));
  if (options.graph !== undefined) {
    const halves = halvesIn(options.graph, options.names, await normalisesUnicode(db));
    for (const { place, count } of halves) await look(place, () => count(db));
  }
  await look('statistics', () => statistics(db, search));
  await look('large objects', () => largeObjects(db, search, options.signal));
  return { verdict: verdictOf(found, unasked), found, places, rows, bytes, unasked };
}

/** Everything that keeps rows; what only shows those of others (views, partitioned tables) is left out. */
function copies({ relations }: Catalog) {
  return relations
    .filter(({ kind, populated }) => kind === 'table' || (kind === 'materialised-view' && populated))
    .map(({ schema, name, columns }) => {
      const stored = columns.map((column) => ({
        name: column.name,
        isBytes: column.baseType === 'bytea',
      }));
      const list = stored.map((column) => quoteIdentifier(column.name)).join(', ');
      return {
        place: formatName(schema, name),
        columns: stored,
        select: `select ${list} from ${stored.length === 0 ? '' : 'only '}${qualifiedName(schema, name)}`,
      };
    })
    .filter(({ columns }) => columns.length > 0);
}

/**
 * What ANALYZE saw: of a table that was emptied, too, until it is analysed again. Only columns that the login may read
 * are there.
 */
async function statistics(db: Client, search: Search): Promise<readonly (FoundRows & { place: string })[]> {
  const { rows: views } = await db.query<{ there: boolean }>(
    `select pg_catalog.to_regclass('pg_catalog.pg_stats_ext') is not null as there`,
  );
  // CREATE STATISTICS (mcv) keeps combinations of values of its own; from PostgreSQL 12 on.
  const extended = `union all select schemaname, tablename, pg_catalog.array_to_string(attnames::text[], ', '), most_common_vals::text
    from pg_catalog.pg_stats_ext`;
  const { rows } = await db.query<Record<'schema' | 'table' | 'column', string> & { seen: string | null }>(
    `select * from (
       select schemaname as schema, tablename as table, attname as column,
         concat_ws(E'\\n', most_common_vals::text, histogram_bounds::text, most_common_elems::text) as seen
       from pg_catalog.pg_stats ${views[0]?.there === true ? extended : ''}
     ) found where schema not in ('pg_catalog', 'information_schema')
     order by schema collate "C", "table" collate "C", "column" collate "C"`,
  );
  const scanner = fieldScanner(search);
  return rows.flatMap(({ schema, table, column, seen }) => {
    for (const byte of Buffer.from(seen ?? '')) scanner.feed(byte);
    const place = `statistics of ${formatName(schema, table)}`;
    return [...scanner.end()].map((form) => ({ place, column, form, rows: 1 }));
  });
}

async function largeObjects(db: Client, search: Search, signal: AbortSignal): Promise<readonly FoundRows[]> {
  const { rows } = await db.query<{ oid: string }>(
    'select oid::text as oid from pg_catalog.pg_largeobject_metadata order by oid',
  );
  const scanner = fieldScanner(search);
  const counts = new Map<FoundRows['form'], number>();
  for (const { oid } of rows) {
    signal.throwIfAborted();
    for (let from = 0; ; from += largeObjectPart) {
      const part = await db.query<{ data: Buffer }>('select pg_catalog.lo_get($1, $2, $3) as data', [
        oid,
        from,
        largeObjectPart,
      ]);
      const data = part.rows[0]?.data ?? Buffer.alloc(0);
      for (const byte of data) scanner.feed(byte);
      if (data.length < largeObjectPart) break;
    }
    for (const form of scanner.end()) counts.set(form, (counts.get(form) ?? 0) + 1);
  }
  return [...counts].map(([form, found]) => ({ column: 'data', form, rows: found }));
}
