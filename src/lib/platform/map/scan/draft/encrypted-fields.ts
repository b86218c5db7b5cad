import { counted } from '../../../../base/counted.ts';
import type { Client } from '../../../../base/postgres.ts';
import { formatName, parseColumnName } from '../../name.ts';
import { hasKeys } from '../keyring/find-keyrings.ts';
import { shortestWay } from '../keyring/way-to-subject.ts';
import type { Looked } from '../sample/look.ts';
import type { ColumnProfile } from '../value/column-profile.ts';
import type { DraftField, DraftKeyring, DraftReference, DraftTable } from './draft.ts';
import { fieldType } from './draft-field.ts';

/**
 * Says under which keyring the encrypted columns are, where one has every key that their values name and there is one
 * way to its subject; the others stay TODO.
 */
export async function withEncryptedFields(
  db: Client,
  tables: readonly DraftTable[],
  keyrings: readonly DraftKeyring[],
  looked: Looked,
): Promise<readonly DraftTable[]> {
  const done: DraftTable[] = [];
  for (const table of tables) {
    let changed = table;
    for (const field of table.fields) {
      const profile = looked.tables.get(table.name)?.columns.get(field.column);
      if (profile === undefined || profile.encrypted === 0 || profile.kind !== 'bytes') continue;
      const keyring = await keyringOf(db, profile, tables, keyrings);
      changed = keyring === undefined ? changed : encrypted(changed, field, { profile, keyring, tables });
    }
    done.push(changed);
  }
  return done;
}

async function keyringOf(
  db: Client,
  { keyIds }: ColumnProfile,
  tables: readonly DraftTable[],
  keyrings: readonly DraftKeyring[],
): Promise<DraftKeyring | undefined> {
  for (const keyring of keyrings) {
    const relation = tables.find(({ name }) => name === keyring.table)?.relation;
    if (relation !== undefined && (await hasKeys(db, relation, keyring.entry.id, keyIds))) return keyring;
  }
  return undefined;
}

function encrypted(
  table: DraftTable,
  { column }: DraftField,
  {
    profile,
    keyring,
    tables,
  }: {
    readonly profile: ColumnProfile;
    readonly keyring: DraftKeyring;
    readonly tables: readonly DraftTable[];
  },
): DraftTable {
  const { subject, wrapped } = keyring.entry;
  const target = subject === undefined ? undefined : subjectOf(tables, keyring.table, subject);
  if (subject !== undefined && target === undefined) return table;
  const isOwn = target?.table === table.name;
  const own = isOwn ? ownSelf(table, target?.column ?? '') : undefined;
  const by = isOwn
    ? own?.entry.as
    : target === undefined
      ? undefined
      : shortestWay(tables, table.name, target.table);
  if (target !== undefined && by === undefined) return table;
  const definition = table.relation.columns.find(({ name }) => name === column);
  if (definition === undefined) return table;
  const field: DraftField = {
    column,
    entry: {
      type: fieldType(definition),
      category: 'TODO',
      encrypted: { dek: `${keyring.table}.${formatName(wrapped)}`, ...(by === undefined ? {} : { by }) },
      erase: 'shred',
    },
    note: {
      reason: `${profile.encrypted} of ${counted(profile.values, 'value')} read are encrypted by postern, under keys that the keyring has${by === undefined ? '' : '; the way to their subject is the shortest'}; add as where the names that are bound into the values are not the database's`,
      confidence: 'medium',
    },
    pathNotes: new Map(),
  };
  return {
    ...table,
    references:
      own === undefined || table.references.includes(own) ? table.references : [...table.references, own],
    fields: table.fields.map((one) => (one.column === column ? field : one)),
  };
}

function subjectOf(tables: readonly DraftTable[], keyring: string, subject: string) {
  const references = tables.find(({ name }) => name === keyring)?.references ?? [];
  const found = references.find(({ entry }) => entry.column === subject && entry.kind === 'fk');
  return parseColumnName([found?.entry.to ?? ''].flat()[0] ?? '');
}

/** A row whose key is its own: a reference of the table to itself. */
function ownSelf(table: DraftTable, column: string): DraftReference {
  const as = 'self';
  const there = table.references.find(({ entry }) => entry.as === as);
  return (
    there ?? {
      entry: { as, column, to: `${table.name}.${formatName(column)}`, kind: 'soft' },
      note: { reason: 'the keys of its values are those of the row itself', confidence: 'medium' },
    }
  );
}
