import type { Client } from '../../../../base/postgres.ts';
import type { Catalog, Column, Relation } from '../../../catalog/index.ts';
import { primaryKey } from '../../../catalog/index.ts';
import { qualifiedName, quoteIdentifier, quoteTextArray } from '../../../quote.ts';
import { nameOf } from '../../lint/catalog-model.ts';
import type { MapKeyring } from '../../map-schema.ts';
import type { DraftKeyring } from '../draft/draft.ts';
import { wordsOf } from '../draft/name-hint.ts';
import type { Looked } from '../sample/look.ts';
import { unseenReason } from '../sample/unseen.ts';

const states = ['pre-active', 'active', 'decrypt-only', 'drained', 'disabled', 'destroyed', 'compromised'];
/** Milliseconds. */
const time = 5000;

/** Tables of wrapped keys: every column of a keyring is there, once, and every state is one that a key can have. */
export async function findKeyrings(
  db: Client,
  {
    catalog,
    relations,
    looked,
  }: { readonly catalog: Catalog; readonly relations: readonly Relation[]; readonly looked: Looked },
): Promise<readonly DraftKeyring[]> {
  const found: DraftKeyring[] = [];
  for (const relation of relations) {
    const entry = keyringColumns(relation, catalog, looked);
    const keys = entry === undefined ? 0 : await keysWithStates(db, relation, entry.state);
    if (entry === undefined || keys === 0) continue;
    const reason = `a uuid, a version, a KMS key and wrapped bytes in each row, and each of ${keys} states is one of a key; the names of its encryption context are not told by the database: add context`;
    found.push({ table: nameOf(relation), entry, note: { reason, confidence: 'high' } });
  }
  return found;
}

function keyringColumns(relation: Relation, catalog: Catalog, looked: Looked): MapKeyring | undefined {
  const [id, ...others] = primaryKey(relation) ?? [];
  const profiles = looked.tables.get(nameOf(relation))?.columns;
  const only = (type: RegExp, name: RegExp): string | undefined => {
    const fitting = relation.columns.filter(
      (column) => type.test(column.baseType) && wordsOf(column.name).some((word) => name.test(word)),
    );
    return fitting.length === 1 ? fitting[0]?.name : undefined;
  };
  if (id === undefined || others.length > 0 || columnOf(relation, id)?.baseType !== 'uuid') return undefined;
  const version = only(/^(?:smallint|integer|bigint)$/, /^(?:version|generation|revision)$/);
  const state = only(/^(?:text|character varying)/, /^(?:state|status)$/);
  const kek = only(/^(?:text|character varying)/, /^(?:kek|kms|master)$/);
  const wrapped = only(/^bytea$/, /^(?:wrapped|dek|key)$/);
  const created = only(/^timestamp/, /^created$/);
  if (version === undefined || state === undefined || kek === undefined || wrapped === undefined)
    return undefined;
  if ((profiles?.get(wrapped)?.encrypted ?? 0) > 0) return undefined;
  const owners = catalog.foreignKeys.filter(({ relation: oid }) => oid === relation.oid);
  const [owner] = owners;
  // With several it is not certain whose key it is.
  if (owners.length > 1 || (owner !== undefined && owner.columns.length !== 1)) return undefined;
  const [subject] = owner?.columns ?? [];
  return {
    id,
    ...(subject === undefined ? {} : { subject }),
    version,
    state,
    kek,
    wrapped,
    ...(created === undefined ? {} : { created }),
  };
}

const columnOf = (relation: Relation, name: string): Column | undefined =>
  relation.columns.find((column) => column.name === name);

/** How many rows there are, or 0 where one has a state that no key can have. */
async function keysWithStates(db: Client, { schema, name }: Relation, state: string): Promise<number> {
  await db.query('begin read only');
  try {
    await db.query(`set local statement_timeout = ${time}`);
    const { rows } = await db.query<{ readonly all: string; readonly known: string }>(
      `select count(*) as all, count(*) filter (where ${quoteIdentifier(state)}::pg_catalog.text = any (${quoteTextArray(states)})) as known
         from ${qualifiedName(schema, name)}`,
    );
    return rows[0]?.all === rows[0]?.known ? Number(rows[0]?.all ?? 0) : 0;
  } catch (error) {
    if (unseenReason(error) === undefined) throw error;
    return 0;
  } finally {
    await db.query('rollback').catch(() => {});
  }
}

/** Whether the keyring has each of these keys. @returns false where it could not say */
export async function hasKeys(
  db: Client,
  { schema, name }: Relation,
  id: string,
  keyIds: ReadonlySet<string>,
): Promise<boolean> {
  await db.query('begin read only');
  try {
    await db.query(`set local statement_timeout = ${time}`);
    const { rows } = await db.query<{ readonly known: string }>(
      `select count(*) as known from ${qualifiedName(schema, name)} where ${quoteIdentifier(id)} = any ($1::uuid[])`,
      [[...keyIds]],
    );
    return keyIds.size > 0 && Number(rows[0]?.known) === keyIds.size;
  } catch (error) {
    if (unseenReason(error) === undefined) throw error;
    return false;
  } finally {
    await db.query('rollback').catch(() => {});
  }
}
