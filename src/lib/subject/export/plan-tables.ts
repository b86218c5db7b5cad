import { canonicalName, isPersonal, type ModelTable, ownerReferences } from '../../platform/map/index.ts';
import type { PersonGraph } from '../graph/person-graph.ts';

/** `access`: Article 15 GDPR. `portability`: Article 20, what the person gave, on consent or for a contract. */
export type ExportSet = 'access' | 'portability';

export interface PlannedTables {
  readonly exported: readonly ModelTable[];
  /** Tables with rows of the person that are not exported, and why. */
  readonly left: readonly { readonly table: string; readonly why: string }[];
}

/**
 * Which tables an export holds rows of.
 * @param owned those that have rows of the person, as far as the map tells
 */
export function planTables(graph: PersonGraph, owned: readonly ModelTable[], set: ExportSet): PlannedTables {
  const keyrings = new Set(Object.keys(graph.model.map.keyrings ?? {}).map(canonicalName));
  const exported = new Map<string, ModelTable>();
  const left: { table: string; why: string }[] = [];
  for (const table of owned) {
    const why = whyLeft(table, set, keyrings);
    if (why === undefined) exported.set(table.name, table);
    else left.push({ table: table.name, why });
  }
  if (set === 'access') {
    // What rows belong to is part of what they say: the folder that a message lies in.
    for (const table of exported.values()) {
      for (const { toTable } of ownerReferences(table)) {
        const owner = owned.find(({ name }) => name === toTable);
        if (owner !== undefined && !keyrings.has(owner.name)) exported.set(owner.name, owner);
      }
    }
  }
  return {
    exported: owned.filter(({ name }) => exported.has(name)),
    left: left.filter(({ table }) => !exported.has(table)),
  };
}

function whyLeft(
  { name, entry, fields }: ModelTable,
  set: ExportSet,
  keyrings: ReadonlySet<string>,
): string | undefined {
  if (keyrings.has(name)) return 'keys that encrypt';
  const wanted = entry.exports?.set ?? 'both';
  if (set === 'access') {
    if (wanted === 'portability') return 'only for portability, by the data map';
    if (entry.exports === undefined && !fields.some(([, field]) => isPersonal(field)))
      return 'no personal data, by the data map';
    return undefined;
  }
  if (entry.exports === undefined) return 'not provided by the person, by the data map';
  if (wanted === 'access') return 'only for access, by the data map';
  const isGiven = entry.legal_basis === 'contract' || entry.legal_basis === 'consent';
  return isGiven ? undefined : `its legal basis is ${entry.legal_basis ?? 'not told'}`;
}
