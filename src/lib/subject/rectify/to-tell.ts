import { type FiredTrigger, firedTriggers } from '../erase/closure/triggers.ts';
import type { Correction } from './correction.ts';
import type { Place, RectifyInputs } from './inputs.ts';

/** Triggers that the change sets off. */
export function triggersOf(
  { treatments, resolving }: Correction,
  places: readonly Place[],
): readonly FiredTrigger[] {
  const tables = new Set(places.filter(({ action }) => action === 'change').map(({ table }) => table));
  return [...tables].flatMap((table) => {
    const treatment = treatments.get(table);
    return treatment === undefined
      ? []
      : firedTriggers(resolving.graph.model, treatment, new Set(['update'] as const));
  });
}

/**
 * Who has the old value and is to be told of the new one (Article 19 GDPR): whoever rows are kept for that speak of the
 * person and do not change, and whoever a trigger hands personal data to. What went out in exports nobody here knows.
 */
export function toTellOf(correction: Correction, places: readonly Place[]): RectifyInputs['toTell'] {
  const left = new Map<string, number>();
  for (const { table, rows, action } of places) {
    const thirdParty = correction.treatments.get(table)?.table.entry.ownership === 'third-party';
    if (action !== 'change' && thirdParty) left.set(table, Math.max(left.get(table) ?? 0, rows));
  }
  return [
    ...[...left].map(([name, rows]) => ({ kind: 'table' as const, name, rows })),
    ...triggersOf(correction, places)
      .filter(({ effect }) => effect === 'sends-pii')
      .map(({ name }) => ({ kind: 'trigger' as const, name, rows: 0 })),
  ];
}
