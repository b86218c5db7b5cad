/**
 * Which value this is. It is bound to the ciphertext, so that a value does not open in another row, column or
 * person's account, and none of it is stored in the value.
 */
export interface ColumnPlace {
  /** Logical names, which survive a renaming in the database: `oauth_token`, `refresh_token`. */
  readonly table: string;
  readonly column: string;
  /** One text for each column of the key, in its order, as docs/formats/column-value.md says; never none. */
  readonly primaryKey: readonly string[];
  /** Whose data key it is; empty where the keyring has one for the whole table. */
  readonly subject: string;
}

/** The additional data of GCM: what the value itself says (its first 54 bytes), and its place. */
export function additionalData(header: Uint8Array, place: ColumnPlace): Buffer {
  const { table, column, primaryKey, subject } = place;
  return lengthPrefixed([
    header,
    Buffer.from(table),
    Buffer.from(column),
    primaryKeyField(primaryKey),
    Buffer.from(subject),
  ]);
}

/** Throws `RangeError` for a key of no columns: a row that cannot be told from others has no place. */
function primaryKeyField(values: readonly string[]): Buffer {
  const [first, ...others] = values;
  if (first === undefined) throw new RangeError('the place of an encrypted value needs a primary key');
  if (others.length === 0) return Buffer.from(first);
  return lengthPrefixed(values.map((value) => Buffer.from(value)));
}

/** Each field after its length (4 bytes, big-endian), so that no two lists of fields join to the same bytes. */
function lengthPrefixed(fields: readonly Uint8Array[]): Buffer {
  const joined = Buffer.allocUnsafe(fields.reduce((sum, { length }) => sum + 4 + length, 0));
  let end = 0;
  for (const field of fields) {
    end = joined.writeUInt32BE(field.length, end);
    joined.set(field, end);
    end += field.length;
  }
  return joined;
}
