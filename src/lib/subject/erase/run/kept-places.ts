import type { Queryable } from '../../../base/postgres.ts';
import type { Catalog } from '../../../platform/catalog/index.ts';
import { formatName } from '../../../platform/map/index.ts';
import type { ResidueForm } from '../../residue/index.ts';
import { pseudonymNote } from '../change/kept-inside.ts';
import { type Work, workTable } from '../closure/work.ts';
import type { StayingRows } from './staying.ts';

interface FoundPlace {
  readonly place: string;
  readonly column: string;
  readonly form: ResidueForm;
  readonly rows: number;
}

/** `displayNames`: what persons are called, without an address, and maybe a namesake. */
export type ToldApart<T> = Readonly<Record<'left' | 'displayNames' | 'kept', T[]>>;

/**
 * Tells what stands where something stays by the plan (rows on hold or kept by law, and single columns) from what should
 * not be there: no more rows are kept than were counted, as a table with one row on hold may hold another that was missed.
 */
export async function keptPlaces(
  db: Queryable,
  {
    work,
    catalog,
    staying,
  }: { readonly work: Work; readonly catalog: Catalog; readonly staying: StayingRows },
): Promise<<T extends FoundPlace>(found: readonly T[]) => ToldApart<T>> {
  const counts = new Map<string, number>();
  const add = (name: string, rows: number): void => void counts.set(name, (counts.get(name) ?? 0) + rows);
  for (const { table, action, rows } of staying) if (action === 'law' || action === 'hold') add(table, rows);
  const { rows: tallied } = await db.query<{ part: string; name: string; rows: number }>(
    `select part, name, rows::float8 as rows from ${workTable(work, 'tally')} where name like 'kept %' and reason <> $1`,
    [pseudonymNote],
  );
  for (const { part, name, rows } of tallied)
    add(`${part.replace(/^change /, '')} ${name.replace(/^kept /, '')}`, rows);
  const tableOf = partitionRoots(catalog);
  const below = viewedTables(catalog);
  const keptIn = ({ place, column }: FoundPlace): number => {
    const name = place.replace(/^statistics of /, '');
    const table = tableOf.get(name) ?? name;
    // A view shows what its tables keep, whatever it calls their columns.
    const viewed = [...counts].flatMap(([of, rows]) =>
      below.get(table)?.has(of.split(' ')[0] ?? '') === true ? rows : [],
    );
    return [counts.get(table), counts.get(`${table} ${column}`), ...viewed].reduce<number>(
      (sum, rows = 0) => sum + rows,
      0,
    );
  };
  return <T extends FoundPlace>(found: readonly T[]) => {
    const told: ToldApart<T> = { left: [], displayNames: [], kept: [] };
    for (const one of found) {
      const kept = Math.min(one.rows, keptIn(one));
      if (kept > 0) told.kept.push({ ...one, rows: kept });
      if (one.rows > kept)
        told[one.form === 'name' ? 'displayNames' : 'left'].push({ ...one, rows: one.rows - kept });
    }
    return told;
  };
}

/** The map has the table whose rows lie in partitions. */
function partitionRoots({ relations }: Catalog): ReadonlyMap<string, string> {
  const byOid = new Map(relations.map((relation) => [relation.oid, relation]));
  const rootOf = (oid: number): string => {
    const { schema = '', name = '', partitionOf = null } = byOid.get(oid) ?? {};
    return partitionOf === null ? formatName(schema, name) : rootOf(partitionOf);
  };
  return new Map(
    relations.flatMap(({ oid, schema, name, partitionOf }) =>
      partitionOf === null ? [] : [[formatName(schema, name), rootOf(oid)] as const],
    ),
  );
}

/** The tables that each materialised view reads, also through other views. */
function viewedTables({ relations, viewDependencies }: Catalog): ReadonlyMap<string, ReadonlySet<string>> {
  const names = new Map(relations.map(({ oid, schema, name }) => [oid, formatName(schema, name)]));
  const reads = Map.groupBy(viewDependencies, ({ view }) => view);
  const collect = (oid: number, seen: Set<number>): Set<number> => {
    for (const { relation } of reads.get(oid) ?? []) {
      if (seen.has(relation)) continue;
      seen.add(relation);
      collect(relation, seen);
    }
    return seen;
  };
  return new Map(
    relations
      .filter(({ kind }) => kind === 'materialised-view')
      .map(({ oid, schema, name }) => {
        const read = [...collect(oid, new Set())].flatMap((one) => names.get(one) ?? []);
        return [formatName(schema, name), new Set(read)] as const;
      }),
  );
}
