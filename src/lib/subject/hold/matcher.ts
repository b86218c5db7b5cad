import { refused } from '../../base/error.ts';
import type { Identity } from '../identity/identities.ts';
import type { KnownValues } from '../identity/spots.ts';
import { hashesToFind, keyIdOf, type NameHasher, rowName } from '../name-hash/index.ts';
import type { ActiveHold } from './read-holds.ts';

export interface HoldMatcher {
  /** Holds on a person. Each binds only the rows of its tables and its tenant. */
  readonly ofPerson: (known: KnownValues) => readonly ActiveHold[];
  /**
   * Holds on this very row.
   * @param table canonical name
   * @param key the primary key's values in the map's order, in PostgreSQL's text form
   */
  readonly ofRow: (table: string, key: readonly string[]) => readonly ActiveHold[];
  /** Whether there is a hold on any person. */
  readonly onPersons: boolean;
  /** Tables for which `ofRow` has anything to say. */
  readonly rowTables: ReadonlySet<string>;
}

/**
 * Tells whom and what the holds are on.
 * @param identities of the map, whose variants are one person
 * @throws {PosternError} exit 6, `hold-key-missing`: a hold cannot be compared with anything, so nothing may be erased
 */
export function holdMatcher(
  holds: readonly ActiveHold[],
  hasher: NameHasher,
  identities: ReadonlyMap<string, Identity>,
): HoldMatcher {
  requireKeys(holds, hasher);
  const onPersons = holds.some(({ persons }) => persons.length > 0);
  const byRow = new Map<string, ActiveHold[]>();
  for (const hold of holds) {
    for (const { table, hash } of hold.rows) append(byRow, `${table}\0${hash}`, hold);
  }
  return {
    ofPerson: (known) => {
      if (!onPersons) return [];
      const wanted = hashesToFind(hasher, 'hold-person', identities, known);
      return holds.filter(({ persons }) => persons.some((hash) => wanted.has(hash)));
    },
    ofRow: (table, key) => {
      if (byRow.size === 0) return [];
      const hashes = hasher.all('hold-row', table, rowName(key));
      return [...new Set(hashes.flatMap((hash) => byRow.get(`${table}\0${hash}`) ?? []))];
    },
    onPersons,
    rowTables: new Set(holds.flatMap(({ rows }) => rows.map(({ table }) => table))),
  };
}

function requireKeys(holds: readonly ActiveHold[], { keyIds }: NameHasher): void {
  for (const { number, persons, rows } of holds) {
    const hashes = [...persons, ...rows.map(({ hash }) => hash)];
    const unknown = hashes.map(keyIdOf).find((id) => !keyIds.includes(id));
    if (unknown === undefined) continue;
    throw refused(`hold ${number} was placed under key ${unknown}, which is not configured`, {
      code: 'hold-key-missing',
      hints: [
        'put that key back under subjects.hmac_keys, behind the current one: it is needed until the hold is released',
      ],
    });
  }
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
