import type { Catalog } from './catalog.ts';
import type { Relation } from './relation.ts';

/** A table whose rows a backup copies itself; what stores no rows, or rows that come from elsewhere, is none. */
export interface CopyableTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** The columns to copy, unquoted: all but the generated ones. May be empty: such rows still count. */
  readonly columns: readonly string[];
  /** Main fork and TOAST. */
  readonly bytes: number;
  /** Of the main fork: ctid ranges end at (pages, 0). */
  readonly pages: number;
  /** The oid of the partitioned table that this is a leaf of. */
  readonly partitionOf?: number;
  /** The WHERE clause, keyword included, of an extension's configuration table; absent: every row. */
  readonly extensionCondition?: string;
  /** Without `row_security = off`, or a role that it does not bind, rows would be missing silently. */
  readonly rowSecurity: boolean;
  /** Not readable on a standby. */
  readonly unlogged: boolean;
}

/**
 * Tables to copy one by one with FROM ONLY: ordinary tables and the leaves of partitioned ones, and of what belongs
 * to an extension only its configuration tables. In the catalog's order.
 */
export function copyableTables(catalog: Catalog): readonly CopyableTable[] {
  const conditions = new Map(
    catalog.extensions.flatMap(({ configuration }) =>
      configuration.map(({ relation, condition }) => [relation, condition] as const),
    ),
  );
  return catalog.relations
    .filter(({ kind, extension, oid }) => kind === 'table' && (extension === null || conditions.has(oid)))
    .map((relation) => describe(relation, catalog.server.blockSize, conditions.get(relation.oid)));
}

function describe(relation: Relation, blockSize: number, condition: string | undefined): CopyableTable {
  return {
    oid: relation.oid,
    schema: relation.schema,
    name: relation.name,
    columns: relation.columns.filter(({ generated }) => generated === null).map(({ name }) => name),
    bytes: relation.bytes + relation.toastBytes,
    pages: Math.ceil(relation.bytes / blockSize),
    ...(relation.partitionOf === null ? {} : { partitionOf: relation.partitionOf }),
    ...(condition === undefined || condition === '' ? {} : { extensionCondition: condition }),
    rowSecurity: relation.rowSecurity,
    unlogged: relation.persistence === 'unlogged',
  };
}
