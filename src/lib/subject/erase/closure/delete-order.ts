import type { Queryable } from '../../../base/postgres.ts';
import type { Catalog, ForeignKey } from '../../../platform/catalog/index.ts';
import { formatName } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import { nullableColumns } from './foreign-keys.ts';
import type { FreezeTask } from './freeze.ts';
import { workTable } from './work.ts';

/** References among rows that all go, emptied beforehand so that one row can go after the other. */
export interface Tie {
  /** Canonical name of the table that has them. */
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: number;
}

export interface DeleteOrder {
  readonly ties: readonly Tie[];
  /** What refers before what it refers to. */
  readonly groups: readonly DeleteGroup[];
}

export interface DeleteGroup {
  /** More than one: a ring of tables that cannot be emptied one after the other. */
  readonly tables: readonly string[];
  /** All rows in one statement, as each refers to another. */
  readonly isWhole: boolean;
}

/**
 * In which order rows go. Rings of foreign keys are broken where a reference may be null; where none may, a ring goes in
 * one statement, at the end of which alone PostgreSQL looks at the keys.
 */
export async function deleteOrder(
  db: Queryable,
  task: FreezeTask,
  tables: readonly string[],
  catalog: Catalog,
): Promise<DeleteOrder> {
  const inner = keysAmong(tables, catalog);
  const rings = components(tables, referringTo(inner));
  const isTied = ({ from, to }: InnerKey): boolean =>
    rings.some((ring) => ring.includes(from) && ring.includes(to));
  const ties: Tie[] = [];
  const loose = new Set<InnerKey>();
  for (const one of inner.filter(isTied)) {
    const columns = nullableColumns(
      one.key,
      catalog.relations.find(({ oid }) => oid === one.key.relation)?.columns ?? [],
    );
    // What the database empties or deletes by itself holds nothing up.
    if (one.key.onDelete !== 'no-action' && one.key.onDelete !== 'restrict') loose.add(one);
    else if (columns.length > 0) {
      loose.add(one);
      const rows = await tiedRows(db, task, one);
      if (rows > 0) ties.push({ table: one.from, columns, rows });
    }
  }
  const firm = inner.filter((one) => !loose.has(one));
  const before = referringTo(firm);
  // Where no key of the database says so, what holds a shared row goes before it all the same: a row that is held stays.
  const heldAfter = components(tables, (table) => [...before(table), ...holdersAmong(task, table, tables)]);
  const order = heldAfter.flatMap((group) =>
    components(group, (table) => before(table).filter((name) => group.includes(name))),
  );
  const groups = order.map((group) => ({
    tables: group,
    isWhole: group.length > 1 || firm.some(({ from, to }) => from === to && group.includes(from)),
  }));
  return { ties, groups };
}

interface InnerKey {
  readonly key: ForeignKey;
  readonly from: string;
  readonly to: string;
}

function keysAmong(tables: readonly string[], { foreignKeys }: Catalog): readonly InnerKey[] {
  const wanted = new Set(tables);
  return foreignKeys
    .filter(({ enforced }) => enforced)
    .map((key) => ({
      key,
      from: formatName(key.schema, key.table),
      to: formatName(key.referencedSchema, key.referencedTable),
    }))
    .filter(({ from, to }) => wanted.has(from) && wanted.has(to));
}

const holdersAmong = ({ graph }: FreezeTask, table: string, tables: readonly string[]): readonly string[] =>
  (graph.holders.get(table) ?? []).flatMap(({ table: holder }) =>
    tables.includes(holder.name) ? holder.name : [],
  );

const referringTo =
  (keys: readonly InnerKey[]) =>
  (table: string): readonly string[] =>
    keys.filter(({ to }) => to === table).map(({ from }) => from);

async function tiedRows(
  db: Queryable,
  { treatments, work }: FreezeTask,
  { key, from, to }: InnerKey,
): Promise<number> {
  const own = treatments.get(from);
  const other = treatments.get(to);
  if (own === undefined || other === undefined) return 0;
  const same = key.columns.map(
    (name, index) => `p.${quoteIdentifier(key.referencedColumns[index] ?? '')} = c.${quoteIdentifier(name)}`,
  );
  const { rows } = await db.query<{ rows: number }>(
    `select count(*)::float8 as rows from ${workTable(work, own.number)} c join ${workTable(work, other.number)} p on ${same.join(' and ')}
     where c.postern_action = 'delete' and p.postern_action = 'delete'`,
  );
  return rows[0]?.rows ?? 0;
}

/** Strongly connected components, what a node leads to before it (Tarjan, SIAM J. Comput. 1(2), 1972). */
function components(
  nodes: readonly string[],
  next: (node: string) => readonly string[],
): readonly (readonly string[])[] {
  const found: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const visit = (node: string): void => {
    const own = index.size;
    index.set(node, own);
    low.set(node, own);
    open.push(node);
    for (const other of next(node)) {
      if (!index.has(other)) visit(other);
      if (open.includes(other)) low.set(node, Math.min(low.get(node) ?? own, low.get(other) ?? own));
    }
    if (low.get(node) === own) found.push(open.splice(open.indexOf(node)));
  };
  for (const node of nodes) if (!index.has(node)) visit(node);
  return found;
}
