import { usageError } from '../../../base/error.ts';
import type { Client } from '../../../base/postgres.ts';
import { type Catalog, type Relation, readCatalog } from '../../catalog/index.ts';
import { catalogModel, nameOf } from '../lint/catalog-model.ts';
import { lintDataMap } from '../lint/lint-data-map.ts';
import { readDataMap } from '../load.ts';
import { makeDraft } from './draft/make-draft.ts';
import { proposalsOf } from './draft/proposals.ts';
import { renderDraft } from './draft/render-draft.ts';
import type { ObjectLook } from './object/find-objects.ts';
import type { MapScanResult, Proposal } from './results.ts';
import type { LookOptions } from './sample/look.ts';
import { type Unseen, withLocked } from './sample/unseen.ts';

export interface ScanOptions {
  /** Only these schemas; everything of the user's unless told. */
  readonly schemas?: readonly string[];
  /** How values are looked into; undefined: not at all. */
  readonly look: LookOptions | undefined;
  /** The buckets whose keys are compared with rows; undefined: none, as with no look. */
  readonly objects?: ObjectLook | undefined;
}

export interface Scan {
  readonly database: string;
  /** The draft, as YAML. */
  readonly text: string;
  readonly tables: number;
  readonly columns: number;
  readonly proposals: readonly Proposal[];
  readonly objects: MapScanResult['objects'];
  /** Places that a person has to decide. */
  readonly todos: number;
  /** What `map lint` has to say beside the TODOs: flaws of the schema that no map can mend. */
  readonly flaws: readonly { readonly rule: string; readonly message: string }[];
  readonly unseen: readonly Unseen[];
}

/**
 * Drafts a data map from a database: what the catalog says, and what a sample of the values shows. Nothing is written,
 * and no value leaves this process.
 * @throws {PosternError} exit 2 `schema-unknown`; errors as `readCatalog`
 */
export async function scanPlatform(db: Client, { schemas, look, objects }: ScanOptions): Promise<Scan> {
  const catalog = await readCatalog(db, { locked: 'skip' });
  checkSchemas(catalog, schemas);
  const isChosen = ({ schema }: Relation): boolean => schemas === undefined || schemas.includes(schema);
  const stored = [...catalogModel(catalog).relations.values()].filter(
    (relation) =>
      relation.extension === null && (relation.partitionOf === null || isNamedByKey(relation, catalog)),
  );
  const relations = stored.filter(isChosen).map(withoutUnnameable);
  const leftOut = [...new Set(stored.filter((relation) => !isChosen(relation)).map(({ schema }) => schema))];
  const { draft, looked, buckets } = await makeDraft(db, { catalog, relations, leftOut, look, objects });
  const text = renderDraft(draft, catalog.database.name);
  const findings = lintDataMap((await readDataMap(text, 'draft')).map, catalog);
  return {
    database: catalog.database.name,
    text,
    tables: draft.tables.length,
    columns: relations.reduce((sum, { columns }) => sum + columns.length, 0),
    proposals: proposalsOf(draft),
    todos: findings.filter(({ rule }) => rule === 'MAP11').length,
    flaws: findings.filter(({ rule }) => rule !== 'MAP11').map(({ rule, message }) => ({ rule, message })),
    objects: buckets.forms.map(({ bucket, form, keys, explained }) => {
      const isOpen = typeof explained === 'string';
      const table = isOpen ? null : nameOf(explained.relation);
      return { bucket, form, keys, table, reason: isOpen ? explained : explained.reason };
    }),
    unseen: withLocked([...looked.unseen, ...buckets.unseen], catalog),
  };
}

/** What no file can name (`readCheckedYaml`): the draft is without it, and `map lint` says that it is missing. */
const withoutUnnameable = (relation: Relation): Relation => ({
  ...relation,
  columns: relation.columns.filter(({ name }) => name !== '__proto__'),
});

/** A partition follows its table, unless a foreign key leads to it or away from it alone. */
const isNamedByKey = ({ oid }: Relation, { foreignKeys }: Catalog): boolean =>
  foreignKeys.some(({ relation, referencedRelation }) => relation === oid || referencedRelation === oid);

function checkSchemas(catalog: Catalog, schemas: readonly string[] = []): void {
  const unknown = schemas.find((wanted) => catalog.schemas.every(({ name }) => name !== wanted));
  if (unknown === undefined) return;
  throw usageError(`the database has no schema ${JSON.stringify(unknown)}`, {
    code: 'schema-unknown',
    hints: ['names are exact: nothing folds their case'],
  });
}
