import { counted } from '../../../../base/counted.ts';
import type { Catalog, Column, Relation } from '../../../catalog/index.ts';
import { primaryKey, uniqueKeys } from '../../../catalog/index.ts';
import { nameOf } from '../../lint/catalog-model.ts';
import { labelled } from '../reference/label.ts';
import type { TableProfile } from '../sample/look.ts';
import { isWithoutText } from '../sample/sampled-column.ts';
import type { DraftField, DraftReference, DraftTable, Note } from './draft.ts';
import { addressField, hintedField, messageIdField, openField } from './draft-field.ts';
import { categoryByName, isMessageId, wordsOf } from './name-hint.ts';

export interface DraftTableOptions {
  readonly catalog: Catalog;
  readonly profile: TableProfile | undefined;
  /** Why the table was not read; undefined where it was. */
  readonly unread: string | undefined;
  /** Foreign keys first. */
  readonly references: readonly DraftReference[];
  /** Columns of a keyring, which are keys and no personal data. */
  readonly ofKeyring: ReadonlySet<string>;
}

/** What is proposed for one table. Every column of it is somewhere in the result. */
export function draftTable(relation: Relation, options: DraftTableOptions): DraftTable {
  const { catalog, profile, unread, ofKeyring } = options;
  const key = keyOf(relation);
  const references = labelled(options.references);
  const tenant = tenantOf(relation, references);
  const mentioned = new Set([
    ...(key?.columns ?? []),
    ...(tenant === undefined ? [] : [tenant.column]),
    ...references.flatMap(({ entry }) => [entry.column].flat()),
  ]);
  const referring = new Set(references.flatMap(({ entry }) => [entry.column].flat()));
  const fields: DraftField[] = [];
  const nonPersonal: { readonly column: string; readonly note: Note }[] = [];
  for (const column of relation.columns) {
    const isKey = key?.columns.includes(column.name) === true;
    const seen = profile?.columns.get(column.name);
    const found = seen === undefined ? undefined : addressField(column, seen, isKey);
    if (found !== undefined) {
      const isId = seen?.kind === 'text' && isMessageId(column.name);
      fields.push(isId ? messageIdField(column, seen) : found);
      continue;
    }
    const isPlain = isWithoutText(column, catalog);
    if (ofKeyring.has(column.name)) {
      if (!mentioned.has(column.name))
        nonPersonal.push({
          column: column.name,
          note: { reason: 'part of the keyring', confidence: 'high' },
        });
      continue;
    }
    if (seen !== undefined && seen.encrypted > 0) {
      fields.push(encryptedField(column, seen.encrypted, seen.values));
      continue;
    }
    // A number or uuid that finds the row, or leads to another, says nothing by itself.
    if (referring.has(column.name) || (mentioned.has(column.name) && isPlain)) continue;
    const hint = hintOf(column);
    if (hint !== undefined && !(isPlain && isNeverPersonal(column))) {
      fields.push(hintedField(column, ...hint, isKey));
    } else if (isPlain && leadsNowhere(column) === undefined) {
      const note = { reason: `${column.baseType}, which holds no text`, confidence: 'medium' } as const;
      nonPersonal.push({ column: column.name, note });
    } else {
      fields.push(openField(column, seen, isPlain ? leadsNowhere(column) : unread));
    }
  }
  return {
    name: nameOf(relation),
    relation,
    remarks: remarksOf(relation, catalog, profile, unread),
    primaryKey: key,
    tenant,
    owner: undefined,
    references,
    fields,
    nonPersonal,
  };
}

/** Why a value without text may all the same stand for a person. */
function leadsNowhere({ baseType }: Column): string | undefined {
  if (baseType.startsWith('uuid')) return 'a uuid that leads nowhere known';
  return baseType === 'oid' ? 'an oid: a large object may be behind it' : undefined;
}

const hintOf = (column: Column): readonly [category: string, reason: string] | undefined => {
  const byName = categoryByName(column);
  if (byName !== undefined) return [byName, 'by its name alone'];
  return /^(?:inet|macaddr8?)(?:\[\])*$/.test(column.baseType)
    ? ['user.device.ip_address', `${column.baseType}: by its type alone`]
    : undefined;
};

/** `has_phone`, `password_changed_at`, `token_count`: about such a thing, and not it. */
const isNeverPersonal = ({ baseType, name }: Column): boolean =>
  baseType === 'boolean' ||
  (/^(?:timestamp|time|interval)/.test(baseType) && !/birth|born|dob/i.test(name)) ||
  (/^(?:smallint|integer|numeric|real|double)/.test(baseType) &&
    (!/phone|mobile/i.test(name) || /count|total/i.test(name)));

function encryptedField(column: Column, encrypted: number, values: number): DraftField {
  const reason = `${encrypted} of ${counted(values, 'value')} read are encrypted by postern; whose key each is under could not be told for certain: add encrypted`;
  return openField(column, undefined, reason);
}

/** The primary key; else what is unique and does the same; of a copy without any, what would be one. */
function keyOf(relation: Relation): DraftTable['primaryKey'] {
  const declared = primaryKey(relation);
  if (declared !== undefined)
    return { columns: declared, note: { reason: 'primary key', confidence: 'certain' } };
  const [unique] = uniqueKeys(relation);
  if (unique !== undefined) {
    const reason = 'no primary key; this is unique and never NULL';
    return { columns: unique, note: { reason, confidence: 'high' } };
  }
  if (relation.kind !== 'materialised-view' && relation.kind !== 'foreign-table') return undefined;
  const index = relation.indexes.find(
    ({ unique: isUnique, predicate, expression }) => isUnique && predicate === null && !expression,
  );
  const columns = index?.columns.filter((name) => name !== null) ?? relation.columns.map(({ name }) => name);
  const reason =
    index === undefined ? 'no unique index: a row is told by all of its columns' : 'a unique index';
  return { columns, note: { reason, confidence: index === undefined ? 'low' : 'high' } };
}

function tenantOf(relation: Relation, references: readonly DraftReference[]): DraftTable['tenant'] {
  const column = relation.columns.find(({ name }) =>
    /^(?:tenant|organi[sz]ation|org|workspace|customer account) ?(?:id|uuid|ref|key)?$/.test(
      wordsOf(name).join(' '),
    ),
  )?.name;
  if (column === undefined) return undefined;
  const leads = references.some(({ entry }) => entry.column === column);
  // The name of a firm, in words.
  if (!leads && wordsOf(column).length === 1 && isText(relation, column)) return undefined;
  return {
    column,
    note: {
      reason: leads ? 'by its name, and it leads to a table' : 'by its name alone',
      confidence: leads ? 'medium' : 'low',
    },
  };
}

const isText = ({ columns }: Relation, name: string): boolean =>
  /^(?:text|character|citext)/.test(columns.find((column) => column.name === name)?.baseType ?? '');

function remarksOf(
  relation: Relation,
  { relations, viewDependencies, inheritance }: Catalog,
  profile: TableProfile | undefined,
  unread: string | undefined,
): readonly string[] {
  const named = (oids: readonly number[]): string =>
    relations
      .filter(({ oid }) => oids.includes(oid))
      .map(nameOf)
      .join(', ');
  const partitions = relations.filter(({ partitionOf }) => partitionOf === relation.oid).length;
  const sources = viewDependencies.filter(({ view }) => view === relation.oid).map((one) => one.relation);
  const parents = inheritance
    .filter(({ child, partition }) => child === relation.oid && !partition)
    .map(({ parent }) => parent);
  const generated = relation.columns.filter((column) => column.generated !== null).map(({ name }) => name);
  return [
    ...(unread === undefined ? [] : [`not read: ${unread}`]),
    ...(profile === undefined ? [] : [rowsRemark(profile)]),
    ...(partitions === 0 ? [] : [`partitioned: ${counted(partitions, 'partition')}, which follow it`]),
    ...(relation.partitionOf === null
      ? []
      : [`a partition of ${named([relation.partitionOf])}, which a foreign key names by itself`]),
    ...(sources.length === 0
      ? []
      : [`a materialised view: it stores a copy of what it reads from ${named(sources)}`]),
    ...(parents.length === 0 ? [] : [`inherits from ${named(parents)}`]),
    ...(generated.length === 0
      ? []
      : [`generated from other columns, with which they change: ${generated.join(', ')}`]),
    ...(relation.rowSecurity ? ['row security is on'] : []),
  ];
}

function rowsRemark({ rowsRead, isWhole }: TableProfile): string {
  if (rowsRead === 0) return 'no row was there to read';
  return `${counted(rowsRead, 'row')} read${isWhole ? ': all of them' : ', from pages spread over the table'}`;
}
