/** One value, told apart from its family's others by its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Samples of one name, in the words of the text format. */
export interface MetricFamily {
  /** `[a-zA-Z_:][a-zA-Z0-9_:]*`, with its unit at the end: `postern_backup_bytes`. */
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter' | 'untyped';
  readonly samples: readonly Sample[];
}

/** A sample's identity: its labels in any order. */
export function labelKey(labels: Sample['labels']): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The first family's samples give way to the second's where their labels agree. */
export function mergeFamilies(
  before: readonly MetricFamily[],
  after: readonly MetricFamily[],
): readonly MetricFamily[] {
  const merged = new Map(before.map((family) => [family.name, family]));
  for (const family of after) {
    const known = merged.get(family.name)?.samples ?? [];
    const fresh = new Set(family.samples.map(({ labels }) => labelKey(labels)));
    const kept = known.filter(({ labels }) => !fresh.has(labelKey(labels)));
    merged.set(family.name, { ...family, samples: [...kept, ...family.samples] });
  }
  return [...merged.values()];
}
