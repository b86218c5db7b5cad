import { type Keyring, keyringOfColumn, keyringsOf } from './keyring.ts';
import { mapModel } from './lint/map-model.ts';
import type { DataMap, MapField } from './map-schema.ts';
import { canonicalName } from './name.ts';

/** Two columns take turns: that of the odd versions of a key, and that of the even ones. */
export type HashParity = 'odd' | 'even';

/** A keyed hash of a column, with the columns that hold it; `map lint` sees to it that there is one of each (MAP37). */
export interface KeyedHash {
  /** Canonical `schema.table`. */
  readonly table: string;
  /** The column that is hashed. */
  readonly source: string;
  readonly odd: readonly string[];
  readonly even: readonly string[];
  /** `schema.table.column` of the wrapped key, canonical. */
  readonly key: string;
  /** Undefined where the map describes no keyring of that column. */
  readonly keyring?: Keyring;
  readonly normalise: readonly ('trim' | 'lower' | 'nfc')[];
  readonly bits: number;
}

type MappedHash = NonNullable<MapField['hmac']>;

/** Every keyed hash of the map, in its order. */
export function keyedHashes(map: DataMap): readonly KeyedHash[] {
  const keyrings = keyringsOf(map);
  return [...mapModel(map).tables.values()].flatMap(({ name: table, fields }) => {
    const hashed = fields.flatMap(([column, { hmac }]) => (hmac === undefined ? [] : [{ column, hmac }]));
    return [...Map.groupBy(hashed, ({ hmac }) => whatIsHashed(hmac)).values()].map((same) => {
      const [{ hmac }] = same as [(typeof same)[number]];
      const keyring = keyringOfColumn(keyrings, hmac.key);
      const columns = (parity: HashParity) =>
        same.filter(({ hmac: { versions } }) => versions === parity).map(({ column }) => column);
      return {
        table,
        source: hmac.of,
        odd: columns('odd'),
        even: columns('even'),
        key: canonicalName(hmac.key),
        ...(keyring === undefined ? {} : { keyring }),
        normalise: hmac.normalise ?? [],
        bits: hmac.bits ?? 256,
      };
    });
  });
}

/** Equal where two columns differ only in the versions that they are for. */
const whatIsHashed = ({ of, key, normalise = [], bits = 256 }: MappedHash): string =>
  JSON.stringify([of, canonicalName(key), normalise, bits]);
