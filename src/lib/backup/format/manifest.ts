import { z } from 'zod';
import { setFormat, setFormatVersion } from './layout.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();

const fileKind = z.enum([
  'create-database',
  'roles',
  'pre-data',
  'table-data',
  'large-objects',
  'sequences',
  'post-data',
  'database-settings',
  'check',
  'keyring',
  'objects',
  'objects-index',
]);

/** Where one destination keeps the file. */
const fileCopy = z.strictObject({
  /** The version that the store gave it, where it keeps versions. */
  versionId: z.string().optional(),
  /** Until when nobody can delete it, as the store confirmed. */
  lockedUntil: z.string().optional(),
});

/** One encrypted file of a set. Sizes are bytes. */
export const manifestFile = z.strictObject({
  name: z.string(),
  kind: fileKind,
  size: count,
  /** Of the encrypted bytes, as stored. */
  sha256,
  plainSize: count,
  /** Of the SQL script inside. */
  plainSha256: sha256,
  /** By the destination's name: of those that have the file. */
  copies: z.record(z.string(), fileCopy),
  /** The database that it belongs to; left out for the mail objects. */
  source: z.string().optional(),
  /** For table data: index into the database's `tables`; for a keyring: into its `keyring`. */
  table: count.optional(),
  /** For table data: the blocks that were read, as [first, end) of the table's ctid; left out: all. */
  blocks: z.tuple([count, count.nullable()]).optional(),
  rows: count.optional(),
  /** For table data and keyrings: bytes before the first row. */
  headerBytes: count.optional(),
  /** For keyrings: bytes behind the last row. */
  trailerBytes: count.optional(),
});

export const manifestTable = z.strictObject({
  schema: z.string(),
  name: z.string(),
  columns: z.array(z.string()),
  /** Only the rows that meet this are kept: an extension's configuration table. */
  condition: z.string().optional(),
  /** Columns that hold zeros of the same length here; their values are in the keyring. */
  zeroed: z.array(z.strictObject({ column: z.string(), type: z.enum(['bytea', 'text']) })).optional(),
  rows: count,
  checksum: z.string().regex(/^[0-9a-f]{32}$/),
});

/** Wrapped keys of subjects, apart from the rows of their table: see docs/formats/backup-set.md. */
const manifestKeyring = z.strictObject({
  schema: z.string(),
  name: z.string(),
  /** The primary key, which tells whose key it is. */
  keyColumns: z.array(z.string()),
  /** The columns with wrapped keys; in the table's own parts they hold zeros of the same length. */
  columns: z.array(z.string()),
  rows: count,
  checksum: z.string().regex(/^[0-9a-f]{32}$/),
});

/** One database of a set. */
export const manifestSource = z.strictObject({
  /** `platform`, the name of a further database, or `state`; also its folder in the set. */
  name: z.string(),
  systemIdentifier: z.string().nullable(),
  database: z.string(),
  serverVersion: z.string(),
  serverVersionNum: z.number().int(),
  encoding: z.string(),
  collate: z.string(),
  ctype: z.string(),
  localeProvider: z.string(),
  icuLocale: z.string().nullable(),
  icuRules: z.string().nullable(),
  snapshot: z.string(),
  lsn: z.string().nullable(),
  extensions: z.array(z.strictObject({ name: z.string(), version: z.string() })),
  owner: z.string(),
  schemaDump: z.strictObject({ kind: z.enum(['native', 'wasm']), version: z.string() }),
  roles: z.array(z.string()),
  /** How many, and the checksum over them; see docs/formats/backup-set.md. */
  largeObjects: z.strictObject({ rows: count, checksum: z.string().regex(/^[0-9a-f]{32}$/) }),
  tables: z.array(manifestTable),
  keyring: z.array(manifestKeyring),
});

/** The mail objects of a set; see docs/formats/backup-set.md. */
export const manifestObjects = z.strictObject({
  /** `incremental`: what earlier sets hold is only listed. */
  mode: z.enum(['full', 'incremental']),
  /** The earlier sets that hold objects of the index, oldest first, and the size of the parts of their archives. */
  base: z.array(z.strictObject({ setId: z.string(), partPlainSize: z.number().int().positive() })),
  /** In the order of the index. */
  buckets: z.array(z.strictObject({ name: z.string(), count, bytes: count })),
  /** Objects of the index, wherever their bytes are, and the sum of their sizes. */
  count,
  bytes: count,
  /** Those whose bytes are in this set. */
  stored: count,
  storedBytes: count,
  /** Lines of the index that tell of an object which no set holds, by reason. */
  missing: z.strictObject({ absent: count, damaged: count, name: count }),
  /** Objects that rows of the set name, and others. */
  referenced: count,
  unreferenced: count,
  /** Each part of the archive but the last has so many bytes of plain text; all of them together `archiveSize`. */
  partPlainSize: z.number().int().positive(),
  archiveSize: count,
  /** Over the lines of the index, as over the rows of a table. */
  checksum: z.string().regex(/^[0-9a-f]{32}$/),
});

/** What a set holds, whence, and how it is checked. Canonical JSON, encrypted, signed, sent last. */
export const manifest = z.strictObject({
  format: z.literal(setFormat),
  version: z.literal(setFormatVersion),
  setId: z.string(),
  profile: z.string(),
  tool: z.string(),
  startedAt: z.string(),
  finishedAt: z.string(),
  sources: z.array(manifestSource).min(1),
  /** The set before this one: a missing or replaced set shows. */
  previous: z.strictObject({ setId: z.string(), manifestSha256: sha256 }).nullable(),
  /** Fingerprints of the keys that can open the set. */
  recipients: z.array(z.string()),
  signer: z.string(),
  files: z.array(manifestFile),
  /** Outside the set's folder, with a lock of their own that ends earlier. */
  keyrings: z.array(manifestFile),
  /** Null when the profile names no buckets. */
  objects: manifestObjects.nullable(),
});

/** How a key management service opens a set: see docs/formats/session-keys.md. */
const wrappedByKms = z.strictObject({
  /** The id or ARN that wrapped it, and that unwraps it. */
  keyId: z.string(),
  /** Encryption context: it must be given again, exactly. */
  context: z.strictObject({ setId: z.string(), profile: z.string() }),
  /** Ciphertext of the service, in base64; inside, the session key of `session-keys.json.zst.pgp` as text. */
  wrappedKey: z.base64(),
});

/** What anybody may read of a set; it names no table. */
export const stub = z.strictObject({
  format: z.literal(setFormat),
  version: z.literal(setFormatVersion),
  setId: z.string(),
  profile: z.string(),
  finishedAt: z.string(),
  recipients: z.array(z.string()),
  signer: z.string(),
  previous: z.strictObject({ setId: z.string(), manifestSha256: sha256 }).nullable(),
  /** Earlier sets that hold mail objects of this one: whoever deletes them makes this one incomplete. */
  base: z.array(z.string()),
  files: z.array(z.strictObject({ name: z.string(), size: count, sha256 })),
  /** Left out where only secret keys open the set. */
  kms: wrappedByKms.optional(),
});

export type Manifest = z.infer<typeof manifest>;
export type ManifestFile = z.infer<typeof manifestFile>;
export type ManifestTable = z.infer<typeof manifestTable>;
export type ManifestSource = z.infer<typeof manifestSource>;
export type ManifestObjects = z.infer<typeof manifestObjects>;
export type ManifestKeyring = z.infer<typeof manifestKeyring>;
export type Stub = z.infer<typeof stub>;
export type WrappedByKms = z.infer<typeof wrappedByKms>;
