import type { Catalog } from './catalog.ts';
import type { Sequence } from './sequence.ts';

/** Sequences whose state a backup writes: all but an extension's own, unless those are its configuration. */
export function copyableSequences(catalog: Catalog): readonly Sequence[] {
  const configured = new Set(
    catalog.extensions.flatMap(({ configuration }) => configuration.map(({ relation }) => relation)),
  );
  return catalog.sequences.filter(({ extension, oid }) => extension === null || configured.has(oid));
}
