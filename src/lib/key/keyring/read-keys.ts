import type { Queryable } from '../../base/postgres.ts';
import type { EncryptionContext } from '../../cloud/kms.ts';
import type { Keyring } from '../../platform/map/index.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { KeyVersion } from './key-version.ts';
import type { KeyringTable } from './keyring-table.ts';

/** The versions with these ids; those that are not there are left out. */
export async function keysById(
  db: Queryable,
  keyring: KeyringTable,
  ids: readonly string[],
): Promise<readonly KeyVersion[]> {
  return ids.length === 0
    ? []
    : readKeys(db, keyring, `${quoteIdentifier(keyring.id)} = any($1::uuid[])`, [ids]);
}

/** The newest active version of each of these subjects; who has none is left out. */
export async function activeKeys(
  db: Queryable,
  keyring: KeyringTable,
  subjects: readonly string[],
): Promise<readonly KeyVersion[]> {
  if (subjects.length === 0) return [];
  const isActive = `${quoteIdentifier(keyring.state)}::text = 'active'`;
  const found =
    keyring.subject === undefined
      ? await readKeys(db, keyring, isActive, [])
      : await readKeys(
          db,
          keyring,
          `${isActive} and ${quoteIdentifier(keyring.subject)} = any($1::text[]::${keyring.subjectType}[])`,
          [subjects],
        );
  const newest = new Map<string, KeyVersion>();
  for (const key of found) {
    if (key.version > (newest.get(key.subject)?.version ?? Number.NEGATIVE_INFINITY))
      newest.set(key.subject, key);
  }
  return [...newest.values()];
}

/** Every version of a subject's key, destroyed ones included. */
export async function keysOfSubject(
  db: Queryable,
  keyring: KeyringTable,
  subject: string,
): Promise<readonly KeyVersion[]> {
  if (keyring.subject === undefined) return [];
  const where = `${subjectText(keyring)} = $1 order by ${quoteIdentifier(keyring.version)}`;
  return readKeys(db, keyring, where, [subject]);
}

/** Every version of a keyring without subjects, the oldest first. */
export async function versionsOfKeyring(
  db: Queryable,
  keyring: KeyringTable,
): Promise<readonly KeyVersion[]> {
  return readKeys(db, keyring, `true order by ${quoteIdentifier(keyring.version)}`, []);
}

/** A page of all versions that still hold a wrapped key, in the order of their ids. */
export async function wrappedKeysAfter(
  db: Queryable,
  keyring: KeyringTable,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<readonly KeyVersion[]> {
  const id = quoteIdentifier(keyring.id);
  const where = `octet_length(${quoteIdentifier(keyring.wrapped)}) > 0 and ($1::uuid is null or ${id} > $1)`;
  return readKeys(db, keyring, `${where} order by ${id} limit ${limit}`, [after ?? null]);
}

/** A page of the active versions in the order of their ids. */
export async function activeKeysAfter(
  db: Queryable,
  keyring: KeyringTable,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<readonly KeyVersion[]> {
  const id = quoteIdentifier(keyring.id);
  const where = `${quoteIdentifier(keyring.state)}::text = 'active' and ($1::uuid is null or ${id} > $1)`;
  return readKeys(db, keyring, `${where} order by ${id} limit ${limit}`, [after ?? null]);
}

async function readKeys(
  db: Queryable,
  keyring: Keyring,
  where: string,
  values: readonly unknown[],
): Promise<readonly KeyVersion[]> {
  const contextColumns = contextColumnsOf(keyring);
  const own = [
    `${quoteIdentifier(keyring.id)}::text as id`,
    `${subjectText(keyring)} as subject`,
    `${quoteIdentifier(keyring.version)}::text as version`,
    `${quoteIdentifier(keyring.state)}::text as state`,
    `${quoteIdentifier(keyring.kek)}::text as kek`,
    `${quoteIdentifier(keyring.wrapped)} as wrapped`,
    ...(keyring.material === undefined ? [] : [`${quoteIdentifier(keyring.material)}::text as material`]),
    ...contextColumns.map((column, index) => `${quoteIdentifier(column)}::text as context${index}`),
  ];
  const { rows } = await db.query<KeyRow>(
    `select ${own.join(', ')} from ${tableName(keyring.table)} where ${where}`,
    [...values],
  );
  return rows.map(({ id, subject, version, state, kek, wrapped, material, ...rest }) => ({
    id,
    subject,
    version: Number(version),
    state,
    kek,
    wrapped,
    ...(material == null ? {} : { material }),
    context: keyContext(
      keyring,
      new Map(contextColumns.map((column, index) => [column, rest[`context${index}`] ?? ''])),
    ),
  }));
}

type KeyRow = {
  readonly id: string;
  readonly subject: string;
  readonly version: string;
  readonly state: string;
  readonly kek: string;
  readonly wrapped: Buffer;
  readonly material?: string | null;
} & { readonly [column: `context${number}`]: string | null };

/** The columns that the keyring's encryption context is made of, each once. */
export function contextColumnsOf({ context }: Keyring): readonly string[] {
  const columns = Object.values(context).flatMap((parts) =>
    parts.flatMap((part) => ('column' in part ? [part.column] : [])),
  );
  return [...new Set(columns)];
}

/** The encryption context of a row with these values. */
export function keyContext({ context }: Keyring, row: ReadonlyMap<string, string>): EncryptionContext {
  return Object.fromEntries(
    Object.entries(context).map(([name, parts]) => [
      name,
      parts.map((part) => ('text' in part ? part.text : (row.get(part.column) ?? ''))).join(''),
    ]),
  );
}

/** As the type's output function writes it, which is what is bound into values (docs/formats/column-value.md). */
const subjectText = ({ subject }: Keyring): string =>
  subject === undefined ? `''` : `pg_catalog.format('%s', ${quoteIdentifier(subject)})`;
