import {
  type MapModel,
  type ModelReference,
  type ModelTable,
  ownerReferences,
} from '../../../platform/map/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../../platform/quote.ts';
import type { PersonGraph } from '../../graph/person-graph.ts';
import type { FreezeTask } from './freeze.ts';
import { keptByLaw, lawOf, type RowAction, type Treatment } from './treatment.ts';
import type { Way } from './ways.ts';

/**
 * Tables of which the map tells whose tenant a row is: by a column of its own, or by what the row belongs to. Of all
 * others a row belongs to no tenant.
 */
export function tenantTables({ model, holders }: PersonGraph): ReadonlySet<string> {
  const found = new Set<string>();
  for (let size = -1; size < found.size; ) {
    size = found.size;
    for (const table of model.tables.values()) {
      const isHeld = (holders.get(table.name) ?? []).some((holder) => found.has(holder.table.name));
      const isLed = references(model, table).some(({ toTable }) => found.has(toTable));
      if (table.entry.tenant !== undefined || isHeld || isLed) found.add(table.name);
    }
  }
  return found;
}

/** The references over which a row is its owner's tenant's. Unlike a person, a tenant also has rows of third parties. */
export function tenantReferences(graph: PersonGraph, table: ModelTable): readonly ModelReference[] {
  const tied = tenantTables(graph);
  return references(graph.model, table).filter(({ toTable }) => tied.has(toTable));
}

const references = (model: MapModel, table: ModelTable): readonly ModelReference[] =>
  ownerReferences(table).filter(({ toTable }) => {
    const owner = model.tables.get(toTable)?.entry.ownership;
    if (owner === undefined || toTable === table.name) return false;
    // Several hold it: what one of them has is not all of theirs.
    return !(owner === 'shared' && table.entry.ownership === 'exclusive');
  });

/**
 * The rows of a whole tenant, and what becomes of each; what somebody else shares stays with them as it is.
 * @returns SQL over `t`; undefined where the table has no such rows
 */
export function rowsOfTenant(
  treatment: Treatment,
  { tenant = '', at }: FreezeTask,
  ways: readonly Way[],
): { readonly where: string; readonly action: string } | undefined {
  const { ownership, tenant: column } = treatment.table.entry;
  const own = isOfTenant(treatment, tenant);
  const led = ways.length === 0 ? undefined : `(${ways.map(({ isTheirs }) => isTheirs).join(' or ')})`;
  const where =
    own === undefined || led === undefined
      ? (own ?? led)
      : `(${own} or (t.${quoteIdentifier(column ?? '')} is null and ${led}))`;
  if (where === undefined) return undefined;
  const others = ways.map(({ isOthers }) => isOthers);
  const mayBeShared = ownership === 'shared' || (ownership === 'third-party' && column === undefined);
  const rule =
    mayBeShared && others.length > 0
      ? `case when ${others.join(' or ')} then 'detach' else '${tenantRule(treatment)}' end`
      : `'${tenantRule(treatment)}'`;
  const law = keptByLaw(treatment, at);
  return { where, action: law === undefined ? rule : `case when ${law} then 'law' else ${rule} end` };
}

/**
 * SQL over the row `alias`, without parameters: whether a row's own column says that it is the tenant's, as the index on that column
 * serves it. Undefined where the table has no such column.
 */
export function isOfTenant(
  { table, relation }: Pick<Treatment, 'table' | 'relation'>,
  tenant: string,
  alias = 't',
): string | undefined {
  const name = table.entry.tenant;
  if (name === undefined) return undefined;
  const column = `${alias}.${quoteIdentifier(name)}`;
  const type = relation.columns.find((one) => one.name === name)?.type ?? '';
  // What is written in another way is no name of the tenant in a table that keeps it as text.
  if (/^(smallint|integer|bigint)$/.test(type))
    return /^(0|-?[1-9]\d{0,17})$/.test(tenant) ? `${column} = ${quoteLiteral(tenant)}::bigint` : 'false';
  if (type === 'uuid') return uuid.test(tenant) ? `${column} = ${quoteLiteral(tenant)}::uuid` : 'false';
  return `${column}::text = ${quoteLiteral(tenant)}`;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * What becomes of a row when its tenant has gone. Only a law keeps a row as it is: one that the map restricts for a law
 * goes when the law's time is over, and one that it restricts for any other reason stays without what is personal in it.
 */
function tenantRule({ table, wholly }: Pick<Treatment, 'table' | 'wholly'>): RowAction {
  if (wholly === 'restrict') return lawOf(table) === undefined ? 'redact' : 'delete';
  if (wholly === 'redact' && table.entry.ownership === 'third-party') return 'delete';
  return wholly;
}
