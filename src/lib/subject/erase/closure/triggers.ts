import { canonicalName, formatName, type MapModel } from '../../../platform/map/index.ts';
import type { Treatment } from './treatment.ts';

/** A trigger that an erasure sets off. */
export interface FiredTrigger {
  /** `schema.table.trigger` */
  readonly name: string;
  /** As the map says. */
  readonly effect: string;
  /** Canonical names of the tables that it writes to. */
  readonly to: readonly string[];
}

/** The triggers of a table that fire when rows of it are deleted, changed or put in; `map lint` wants each in the map. */
export function firedTriggers(
  { map }: MapModel,
  { relation }: Treatment,
  events: ReadonlySet<'insert' | 'update' | 'delete'>,
): readonly FiredTrigger[] {
  const listed = new Map(
    Object.entries(map.triggers ?? {}).map(([key, entry]) => [canonicalName(key), entry]),
  );
  return relation.triggers.flatMap((trigger): readonly FiredTrigger[] => {
    if (trigger.enabled === 'disabled' || trigger.enabled === 'replica') return [];
    if (!trigger.events.some((event) => events.has(event as 'update'))) return [];
    const name = formatName(relation.schema, relation.name, trigger.name);
    const entry = listed.get(name);
    return [{ name, effect: entry?.effect ?? 'none', to: [entry?.to ?? []].flat().map(canonicalName) }];
  });
}
