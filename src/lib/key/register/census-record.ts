import type { Queryable } from '../../base/postgres.ts';
import { isoTime } from '../../state/iso-time.ts';
import type { CensusColumn, KeyCensusResult } from '../census/results.ts';

/** The last census that is on record. */
export interface RecordedCensus {
  /** RFC 3339, UTC. */
  readonly takenAt: string;
  readonly columns: readonly CensusColumn[];
  readonly findings: number;
}

/** What is under one kind of key. */
export interface HeldValues {
  readonly values: number;
  readonly bytes: number;
  /** Under the one key that has most of them; added up over columns, as if it were the same one. */
  readonly most: number;
}

/** Puts a census on record, with the state database's time. */
export async function recordCensus(db: Queryable, profile: string, census: KeyCensusResult): Promise<void> {
  await db.query(
    `insert into postern.key_census (profile, looked_for_undeclared, columns, findings) values ($1, $2, $3, $4)`,
    [
      profile,
      census.lookedForUndeclared,
      JSON.stringify(census.columns),
      JSON.stringify(
        census.findings.map(({ code, table, column, values }) => ({ code, table, column, values })),
      ),
    ],
  );
}

export async function lastCensus(db: Queryable, profile: string): Promise<RecordedCensus | undefined> {
  const { rows } = await db.query<RecordedCensus>(
    `select ${isoTime('taken_at')} as "takenAt", columns, jsonb_array_length(findings) as findings
     from postern.key_census where profile = $1 order by taken_at desc, census_id desc limit 1`,
    [profile],
  );
  return rows[0];
}

type Group = CensusColumn['groups'][number];

/** What a census found under the keys that are wanted. */
export function heldIn(
  { columns }: Pick<RecordedCensus, 'columns'>,
  wanted: (group: Group, column: CensusColumn) => boolean,
): HeldValues {
  const groups = columns.flatMap((column) => {
    const own = column.groups.filter(
      (group) => (group.format === 'keyed' || group.format === 'hashed') && wanted(group, column),
    );
    // Of the groups of one column, each key is in one alone.
    const most = Math.max(0, ...own.map((group) => group.mostUnderOneKey));
    return [{ values: sum(own, 'values'), bytes: sum(own, 'bytes'), most }];
  });
  return { values: sum(groups, 'values'), bytes: sum(groups, 'bytes'), most: sum(groups, 'most') };
}

function sum<Name extends string>(items: readonly Readonly<Record<Name, number>>[], name: Name): number {
  return items.reduce((total, item) => total + item[name], 0);
}
