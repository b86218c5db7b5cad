import type { Client } from '../../../../base/postgres.ts';
import type { Catalog, Relation } from '../../../catalog/index.ts';
import { keyringColumns } from '../../keyring.ts';
import { nameOf } from '../../lint/catalog-model.ts';
import { lintDataMap } from '../../lint/lint-data-map.ts';
import { readDataMap } from '../../load.ts';
import type { MapField } from '../../map-schema.ts';
import { findKeyrings } from '../keyring/find-keyrings.ts';
import { findObjects, type ObjectLook, type ScannedBuckets } from '../object/find-objects.ts';
import { declaredReferences } from '../reference/foreign-key.ts';
import { withoutRings } from '../reference/ownership-ring.ts';
import { softReferences } from '../reference/soft-reference.ts';
import { type Looked, type LookOptions, lookInto } from '../sample/look.ts';
import { isMostlyWhole } from './describe.ts';
import { type Draft, type DraftField, type DraftReference, type DraftTable, emailIdentity } from './draft.ts';
import { draftTable } from './draft-table.ts';
import { withEncryptedFields } from './encrypted-fields.ts';
import { withHalves } from './halves.ts';
import { withObjectFields } from './object-fields.ts';
import { withOpenNames } from './open-names.ts';
import { renderDraft } from './render-draft.ts';
import { draftTrigger } from './trigger-effect.ts';

export interface DraftOptions {
  readonly catalog: Catalog;
  /** Tables that get an entry. */
  readonly relations: readonly Relation[];
  readonly leftOut: readonly string[];
  /** Undefined: no value is read, and the draft says what the catalog does. */
  readonly look: LookOptions | undefined;
  /** The buckets whose keys are compared with rows; undefined: none. */
  readonly objects?: ObjectLook | undefined;
}

/** Reads the database and proposes a map of it. */
export async function makeDraft(
  db: Client,
  { catalog, relations, leftOut, look, objects }: DraftOptions,
): Promise<{ readonly draft: Draft; readonly looked: Looked; readonly buckets: ScannedBuckets }> {
  const looked: Looked =
    look === undefined ? { tables: new Map(), unseen: [] } : await lookInto(db, { catalog, relations }, look);
  const keyrings = look === undefined ? [] : await findKeyrings(db, { catalog, relations, looked });
  const soft: ReadonlyMap<string, readonly DraftReference[]> =
    look === undefined
      ? new Map()
      : await softReferences(db, { catalog, relations, isEmail: emailColumns(looked), ...look });
  const drafted = relations.map((relation) => {
    const name = nameOf(relation);
    const keyring = keyrings.find(({ table }) => table === name);
    return draftTable(relation, {
      catalog,
      profile: looked.tables.get(name),
      unread:
        look === undefined
          ? 'no values were to be read'
          : looked.unseen.find(({ table, column }) => table === name && column === null)?.reason,
      references: [...declaredReferences(relation, catalog), ...(soft.get(name) ?? [])],
      ofKeyring: new Set(
        keyring === undefined ? [] : keyringColumns({ ...keyring.entry, table: name, context: {} }),
      ),
    });
  });
  const encrypted = await withEncryptedFields(db, withoutRings(drafted), keyrings, looked);
  // Keys are joined with rows, so that without any values there is nothing to join.
  const buckets: ScannedBuckets =
    look === undefined || objects === undefined
      ? { forms: [], unseen: [] }
      : await findObjects(db, relations, objects);
  const { tables, unexplained } = withObjectFields(
    withOpenNames(withHalves(encrypted, looked)),
    buckets.forms,
  );
  const draft = await reachable({
    hasEmail: tables.some(({ fields }) => fields.some(({ entry }) => isEmailField(entry))),
    tables,
    keyrings,
    triggers: withPartitions(relations, catalog).flatMap((relation) =>
      relation.triggers
        .filter(({ inherited }) => !inherited)
        .map((trigger) => draftTrigger(relation, trigger, catalog)),
    ),
    leftOut,
    unexplained,
  });
  return { draft, looked, buckets };
}

const isEmailField = ({ identity, paths = {} }: DraftField['entry']): boolean =>
  identity === emailIdentity || Object.values(paths).some((path) => path.identity === emailIdentity);

function emailColumns({ tables }: Looked): (relation: Relation, column: string) => boolean {
  return (relation, column) => {
    const profile = tables.get(nameOf(relation))?.columns.get(column);
    return profile?.kind === 'text' && isMostlyWhole(profile.addresses);
  };
}

/** Triggers may stand on a single partition. */
function withPartitions(relations: readonly Relation[], catalog: Catalog): readonly Relation[] {
  return relations.flatMap((relation) => [
    relation,
    ...withPartitions(
      catalog.relations.filter(({ partitionOf }) => partitionOf === relation.oid),
      catalog,
    ),
  ]);
}

/** Personal data that no identity leads to asks a person for one: how else would the rows be found? */
async function reachable(draft: Draft): Promise<Draft> {
  const { map } = await readDataMap(renderDraft(draft, ''), 'draft');
  const lost = new Set(
    lintDataMap(map)
      .filter(({ rule }) => rule === 'MAP25')
      .map(({ path }) => path[1]),
  );
  return {
    ...draft,
    tables: draft.tables.map((table) => (lost.has(table.name) ? withOpenIdentity(table) : table)),
  };
}

function withOpenIdentity(table: DraftTable): DraftTable {
  const chosen =
    table.fields.find(
      ({ entry }) => entry.category?.startsWith('user.contact') === true || entry.paths !== undefined,
    ) ??
    table.fields.find(
      ({ entry }) => entry.category?.startsWith('user') === true || entry.encrypted !== undefined,
    );
  if (chosen === undefined) return table;
  const { entry, note } = chosen;
  const [[path, inner] = []] = Object.entries(entry.paths ?? {});
  const changed =
    path === undefined || inner === undefined
      ? withIdentity(entry)
      : { ...entry, paths: { ...entry.paths, [path]: withIdentity(inner) } };
  const reason = `${note.reason}; nothing leads to this table from a person: is this an identity of one, or which reference is missing?`;
  return {
    ...table,
    fields: table.fields.map((field) =>
      field === chosen ? { ...field, entry: changed, note: { ...note, reason } } : field,
    ),
  };
}

function withIdentity<T extends Pick<MapField, 'erase'>>({ erase, ...entry }: T) {
  return { ...entry, identity: 'TODO', ...(erase === undefined ? {} : { erase }) };
}
