import { type DataMap, isPersonal, type ModelTable, mapModel } from '../../platform/map/index.ts';
import type { MapTableSummary } from './results.ts';

/** What the map says of each table, in its order. */
export function summaryOf(map: DataMap): MapTableSummary[] {
  return [...mapModel(map).tables.values()].map(summary);
}

function summary({ name, entry, fields }: ModelTable): MapTableSummary {
  const personal = fields.filter(([, field]) => isPersonal(field));
  const categories = fields.flatMap(([, field]) =>
    [field, ...Object.values(field.paths ?? {})].flatMap(({ category }) => category ?? []),
  );
  const retention = typeof entry.retention === 'object' ? entry.retention : undefined;
  return {
    table: name,
    ownership: entry.ownership,
    isPersonal: personal.length > 0,
    fields: personal.length,
    encrypted: fields.filter(([, { encrypted }]) => encrypted !== undefined).length,
    categories: [...new Set(categories)].toSorted(),
    erase: eraseText(entry),
    keep: retention?.keep ?? (typeof entry.retention === 'string' ? entry.retention : null),
    law: retention?.law ?? null,
    legalBasis: entry.legal_basis ?? null,
    todo: todoIn(entry),
  };
}

function eraseText({ erase, ownership }: ModelTable['entry']): string {
  if (erase === undefined) return ownership === 'exclusive' ? 'delete' : '';
  if (typeof erase === 'string') return erase;
  return `${erase.when_last_owner} when the last owner goes, else ${erase.else}`;
}

/** How often TODO stands anywhere below. */
function todoIn(value: unknown): number {
  if (value === 'TODO') return 1;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((sum, part) => sum + todoIn(part), 0);
}
