import type { ResidueForm } from './needles.ts';
import type { SubjectResidueResult } from './results.ts';

type Found = SubjectResidueResult['found'][number];
type Unasked = SubjectResidueResult['unasked'][number];

/** Objects that are named one by one; what is found in more is counted by bucket. */
const named = 1000;

/** Gathers what was found in objects, in bounded memory however many they are. */
export interface ObjectFindings {
  /** @param column `key`, `metadata`, `body` @param forms none: nothing is noted */
  note(object: NamedObject, column: string, forms: Iterable<ResidueForm>): void;
  failed(object: NamedObject, reason: string): void;
  found(): Found[];
  unasked(): Unasked[];
}

export interface NamedObject {
  readonly bucket: string;
  /** As it may be shown. */
  readonly key: string;
}

export function objectFindings(): ObjectFindings {
  const objects = new Set<string>();
  const counts = new Map<string, Found>();
  const failures = new Map<string, Unasked & { versions: number }>();
  const failed = new Set<string>();
  /** The first ones have a place of their own. */
  const placeOf = ({ bucket, key }: NamedObject, known: Set<string>): string => {
    const place = `object ${bucket}/${key}`;
    if (known.has(place)) return place;
    if (known.size >= named) return `further objects of ${bucket}`;
    known.add(place);
    return place;
  };
  return {
    note: (object, column, forms) => {
      for (const form of forms) {
        const place = placeOf(object, objects);
        const id = JSON.stringify([place, column, form]);
        const before = counts.get(id);
        counts.set(id, { place, column, form, rows: (before?.rows ?? 0) + 1 });
      }
    },
    failed: (object, reason) => {
      const source = placeOf(object, failed);
      const id = JSON.stringify([source, reason]);
      const before = failures.get(id);
      failures.set(id, { source, reason, versions: (before?.versions ?? 0) + 1 });
    },
    found: () => [...counts.values()],
    unasked: () =>
      [...failures.values()].map(({ source, reason, versions }) => ({
        source: versions === 1 ? source : `${versions.toLocaleString('en')} versions: ${source}`,
        reason,
      })),
  };
}
