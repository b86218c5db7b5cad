import type { Queryable } from '../../../base/postgres.ts';
import type { Catalog, ForeignKey, Relation } from '../../../platform/catalog/index.ts';
import { formatName } from '../../../platform/map/index.ts';
import { qualifiedName, quoteIdentifier } from '../../../platform/quote.ts';
import { type FreezeTask, isWritable } from './freeze.ts';
import { keyEquals } from './key-equals.ts';
import type { Treatment } from './treatment.ts';
import { workTable } from './work.ts';

/** A foreign key to rows that go. */
export interface InboundKey {
  readonly key: ForeignKey;
  /** Canonical name of the referring table. */
  readonly from: string;
  readonly to: string;
  /** Rows that refer to rows that go, and do not go themselves. */
  readonly stay: number;
  /** What happens to those: the database does it, or postern empties the reference first, or nothing can go. */
  readonly outcome: 'none' | 'cascade' | 'set-null' | 'set-default' | 'unlink' | 'blocked';
  /** Rows to be deleted that are referred to. */
  readonly deleted: number;
  /** Rows that every delete looks through, as no index finds those that refer; null where one does. */
  readonly scanned: number | null;
  /** Names the work table of the rows whose reference is emptied. */
  readonly part: string;
  /** The columns that are emptied then. */
  readonly columns: readonly string[];
}

/** Every enforced foreign key to a row that is to be deleted, and what it means. */
export async function inboundKeys(
  db: Queryable,
  task: FreezeTask,
  catalog: Catalog,
): Promise<readonly InboundKey[]> {
  const byOid = new Map(catalog.relations.map((relation) => [relation.oid, relation]));
  const found: InboundKey[] = [];
  for (const [index, key] of catalog.foreignKeys.entries()) {
    const to = task.treatments.get(formatName(key.referencedSchema, key.referencedTable));
    const relation = byOid.get(key.relation);
    // The copy of a key that a partition has is its parent's.
    if (to === undefined || !isWritable(to) || !key.enforced || (relation?.partitionOf ?? null) !== null)
      continue;
    const work = workTable(task.work, to.number);
    const deleted = await countOf(db, `${work} w where w.postern_action = 'delete'`);
    if (deleted === 0) continue;
    const from = formatName(key.schema, key.table);
    const staying = stayingSql(task, key, from, work);
    const part = `unlink_${index}`;
    const columns = relation === undefined ? [] : emptiedColumns(task, key, relation);
    const canUnlink = columns.length > 0;
    const stay = await countOf(db, staying);
    if (stay > 0 && canUnlink) await keepUnlinked(db, task, key, { staying, part });
    found.push({
      key,
      from,
      to: to.table.name,
      stay,
      deleted,
      part,
      columns,
      outcome: stay === 0 ? 'none' : outcomeOf(key, canUnlink),
      scanned: key.supportingIndex === null ? (relation?.estimatedRows ?? 0) : null,
    });
  }
  return found;
}

function outcomeOf({ onDelete }: ForeignKey, canUnlink: boolean): InboundKey['outcome'] {
  if (onDelete === 'cascade' || onDelete === 'set-null' || onDelete === 'set-default') return onDelete;
  return canUnlink ? 'unlink' : 'blocked';
}

/** The columns that are emptied of a row of the map that stays and refers to one that goes; none where it may not be. */
export function emptiedColumns(
  { graph }: FreezeTask,
  key: ForeignKey,
  { schema, name, columns }: Relation,
): readonly string[] {
  const from = graph.model.tables.get(formatName(schema, name));
  if (from === undefined || (key.onDelete !== 'no-action' && key.onDelete !== 'restrict')) return [];
  const nullable = nullableColumns(key, columns);
  // Whose tenant a row is stays told, where something else can be emptied.
  const others = nullable.filter((column) => column !== from.entry.tenant);
  return others.length > 0 ? others : nullable;
}

/** One null is enough for a key of several columns to refer to nothing; a key MATCH FULL needs all. */
export function nullableColumns(
  { columns, match }: ForeignKey,
  all: readonly { readonly name: string; readonly notNull: boolean }[],
): readonly string[] {
  const nullable = columns.filter((name) => all.find((column) => column.name === name)?.notNull === false);
  return match === 'full' && nullable.length < columns.length ? [] : nullable;
}

function stayingSql({ treatments, work }: FreezeTask, key: ForeignKey, from: string, to: string): string {
  const columns = key.columns.map((name) => `f.${quoteIdentifier(name)}`).join(', ');
  const referenced = key.referencedColumns.map((name) => `w.${quoteIdentifier(name)}`).join(', ');
  const own = treatments.get(from);
  const gone =
    own === undefined || !isWritable(own)
      ? ''
      : ` and not exists (select from ${workTable(work, own.number)} o where o.postern_action = 'delete' and ${sameKey(own, 'o', 'f')})`;
  return `${qualifiedName(key.schema, key.table)} f
    where (${columns}) in (select ${referenced} from ${to} w where w.postern_action = 'delete')${gone}`;
}

const sameKey = ({ key }: Treatment, one: string, other: string): string => keyEquals(key, one, other);

async function keepUnlinked(
  db: Queryable,
  { treatments, work }: FreezeTask,
  key: ForeignKey,
  { staying, part }: { readonly staying: string; readonly part: string },
): Promise<void> {
  const own = treatments.get(formatName(key.schema, key.table));
  const columns = (own?.key ?? []).map((name) => `f.${quoteIdentifier(name)}`).join(', ');
  await db.query(
    `create table ${workTable(work, part)} as select row_number() over () as postern_seq, ${columns} from ${staying}`,
  );
}

async function countOf(db: Queryable, from: string): Promise<number> {
  const { rows } = await db.query<{ rows: number }>(`select count(*)::float8 as rows from ${from}`);
  return rows[0]?.rows ?? 0;
}
