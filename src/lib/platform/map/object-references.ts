import type { DataMap } from './map-schema.ts';
import { canonicalName } from './name.ts';
import { type ObjectKeyPart, parseObjectKey } from './object-key.ts';

/** Rows of a table that name objects of a bucket. */
export interface ObjectKeys {
  /** Canonical `schema.table`. */
  readonly table: string;
  readonly bucket: string;
  readonly key: readonly ObjectKeyPart[];
  /** Where the field is a column too: a row in which it is null has no object. */
  readonly column?: string;
}

/** Which objects the rows of the platform name. What is no template is left out: `map lint` tells. */
export function objectReferences(map: DataMap): readonly ObjectKeys[] {
  return Object.entries(map.tables).flatMap(([name, { fields = {} }]) =>
    Object.entries(fields).flatMap(([column, { type, object }]) => {
      const key = object === undefined ? undefined : parseObjectKey(object.key);
      if (object === undefined || key === undefined) return [];
      const reference = { table: canonicalName(name), bucket: object.bucket, key };
      return [type === undefined ? reference : { ...reference, column }];
    }),
  );
}
