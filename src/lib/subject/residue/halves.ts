import type { Client } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import type { PersonGraph } from '../graph/person-graph.ts';
import { matchSql, parameters } from '../identity/spots.ts';
import type { FoundRows } from './copy-scanner.ts';

/** A column of local parts whose domains stand elsewhere, and how to count the names in it. */
export interface Halves {
  /** `schema.table`. */
  readonly place: string;
  readonly count: (db: Client) => Promise<readonly FoundRows[]>;
}

/**
 * Where an address can stand in two halves, of which neither tells anybody: only the map knows which belong together.
 * @param names addresses; what is none has no halves
 * @param isUtf8 whether the server can normalise Unicode
 */
export function halvesIn(
  { spots }: PersonGraph,
  names: readonly string[],
  isUtf8: boolean,
): readonly Halves[] {
  const addresses = names.filter((name) => name.includes('@'));
  return [...spots].flatMap(([place, some]) =>
    some.flatMap((spot): readonly Halves[] => {
      if (spot.domain === undefined) return [];
      const { values, add } = parameters();
      const match = matchSql(spot, 't', new Map([[spot.identity.kind, new Set(addresses)]]), { add, isUtf8 });
      if (match === undefined) return [];
      const count = async (db: Client): Promise<readonly FoundRows[]> => {
        const { rows } = await db.query<{ rows: number }>(
          `select count(*)::float8 as rows from ${tableName(place)} t where ${match}`,
          values,
        );
        const found = rows[0]?.rows ?? 0;
        return found === 0 ? [] : [{ column: spot.column, form: 'halves', rows: found }];
      };
      return [{ place, count }];
    }),
  );
}
