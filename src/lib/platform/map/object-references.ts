import type { DataMap } from './map-schema.ts';
import { canonicalName } from './name.ts';
import { type ObjectKeyPart, parseObjectKey } from './object-key.ts';

/** Rows of a table that name objects of a bucket. */
export interface ObjectKeys {
  /** Canonical `schema.table`. */
  readonly table: string;
  readonly bucket: string;
  readonly key: readonly ObjectKeyPart[];
}

/** Which objects the rows of the platform name. What is no template is left out: `map lint` tells. */
export function objectReferences(map: DataMap): readonly ObjectKeys[] {
  return Object.entries(map.tables).flatMap(([name, { fields = {} }]) =>
    Object.values(fields).flatMap(({ object }) => {
      const key = object === undefined ? undefined : parseObjectKey(object.key);
      if (object === undefined || key === undefined) return [];
      return [{ table: canonicalName(name), bucket: object.bucket, key }];
    }),
  );
}
