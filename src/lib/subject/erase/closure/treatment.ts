import type { Relation } from '../../../platform/catalog/index.ts';
import type { ModelReference, ModelTable } from '../../../platform/map/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../../platform/quote.ts';
import type { PersonGraph } from '../../graph/person-graph.ts';

/** What becomes of a row. */
export const rowActions = ['delete', 'detach', 'redact', 'restrict', 'law', 'hold', 'link'] as const;

/**
 * `detach`: others keep the row, and the person is taken out of it. `redact`: it stays, and what is the person's goes.
 * `restrict`: it is kept, but for fields with a rule of their own. `law`: it is kept as it is. `hold`: it is kept until
 * a hold is released. `link`: it only refers to the person by a key.
 */
export type RowAction = (typeof rowActions)[number];

/**
 * What of a row that stays is the person's. `about`: all of it. `linked`: the row refers to the person or speaks of them
 * among others: what names them, and what the map has a rule for. `named`: only what names them.
 */
export type RowScope = 'about' | 'linked' | 'named';

/** How the rows of one table are treated. */
export interface Treatment {
  readonly table: ModelTable;
  readonly relation: Relation;
  /** Names its work table; the same as long as the map is. */
  readonly number: number;
  readonly key: readonly string[];
  /** Kept of each row in the work table: its key, and what it refers or is referred to by. */
  readonly columns: readonly string[];
  /** Of rows whose every owner is a person who is erased. */
  readonly wholly: RowAction;
  /** Of rows that others own as well. */
  readonly partly: RowAction;
  /** Of rows of others that name the person. */
  readonly mentioned: RowAction;
  /** Of rows of others that refer to the person by a key and say nothing else. */
  readonly linked: RowAction;
}

/** The treatment of every table that the database has, in the map's order. */
export function treatmentsOf(
  graph: PersonGraph,
  relations: ReadonlyMap<string, Relation>,
): ReadonlyMap<string, Treatment> {
  const tables = [...graph.model.tables.values()];
  const columns = columnsKept(tables, relations);
  return new Map(
    tables.flatMap((table, number) => {
      const relation = relations.get(table.name);
      if (relation === undefined) return [];
      const key = table.entry.primary_key ?? [];
      const kept = [...new Set([...key, ...(columns.get(table.name) ?? [])])];
      return [[table.name, { table, relation, number, key, columns: kept, ...rulesOf(table) }] as const];
    }),
  );
}

function rulesOf({
  entry,
  fields,
}: ModelTable): Pick<Treatment, 'wholly' | 'partly' | 'mentioned' | 'linked'> {
  const { ownership, erase } = entry;
  const whole = typeof erase === 'object' ? erase.when_last_owner : erase;
  const rule: RowAction = whole === undefined || whole === 'TODO' ? 'delete' : whole;
  const partly = typeof erase === 'object' ? (erase.else ?? 'detach') : rule === 'delete' ? 'detach' : rule;
  if (ownership !== 'third-party') return { wholly: rule, partly, mentioned: 'redact', linked: 'link' };
  // A row of somebody else goes only where the map says so.
  const mentioned = whole === 'delete' || whole === 'restrict' ? whole : 'redact';
  const linked = mentioned === 'delete' || hasOwnRules(fields) ? mentioned : 'link';
  return { wholly: rule, partly: rule, mentioned, linked };
}

/** Whether a field that tells nobody apart has a rule all the same: for rows that refer to the person in another way. */
const hasOwnRules = (fields: ModelTable['fields']): boolean =>
  fields.some(([, field]) =>
    [field, ...Object.values(field.paths ?? {})].some(({ identity, parser, erase }) => {
      const isChange = typeof erase === 'object' ? !('keep' in erase) : erase === 'set-null';
      return identity === undefined && parser === undefined && isChange;
    }),
  );

/** What foreign keys and references of the map compare on either side. */
function columnsKept(
  tables: readonly ModelTable[],
  relations: ReadonlyMap<string, Relation>,
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const note = (table: string, columns: readonly string[]): void => {
    const known = new Set(relations.get(table)?.columns.map(({ name }) => name));
    found.set(table, [...(found.get(table) ?? []), ...columns.filter((name) => known.has(name))]);
  };
  for (const { name, references } of tables) {
    for (const { columns, toTable, toColumns, entry } of references) {
      if (entry.path === undefined) note(name, [...columns, ...Object.keys(entry.when ?? {})]);
      note(toTable, toColumns);
    }
  }
  return found;
}

/** SQL over the row `t`: whether a law demands that it is kept still; undefined where none does. */
export function keptByLaw({ table }: Treatment, at: Date): string | undefined {
  const { retention } = table.entry;
  if (typeof retention !== 'object' || retention.law === null || retention.law === undefined)
    return undefined;
  // Without a column that says since when, and without a period, the law holds for every row.
  if (retention.from === undefined || !retention.keep.startsWith('P')) return 'true';
  return `coalesce(t.${quoteIdentifier(retention.from)}::timestamptz + ${quoteLiteral(retention.keep)}::interval > ${quoteLiteral(at.toISOString())}::timestamptz, true)`;
}

/** The law that keeps rows of this table. */
export function lawOf({ entry }: ModelTable): string | undefined {
  return typeof entry.retention === 'object' ? (entry.retention.law ?? undefined) : undefined;
}

/** A reference over which rows are compared by columns that the work table has. */
export const isPlain = ({ entry }: ModelReference): boolean => entry.path === undefined;
