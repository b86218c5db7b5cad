import type { SetObjects } from '../backup/results.ts';
import { formatByteSize } from '../base/byte-size.ts';

/** One line about a set's mail objects: `1,234 mail objects, 56 MB, incremental: 7 stored (89 kB), 1 missing`. */
export function objectsText({ mode, count, bytes, stored, storedBytes, missing }: SetObjects): string {
  const lost = missing.absent + missing.damaged + missing.name;
  const parts = [
    `${count.toLocaleString('en')} mail objects`,
    formatByteSize(bytes),
    `${mode}: ${stored.toLocaleString('en')} stored (${formatByteSize(storedBytes)})`,
    ...(lost === 0 ? [] : [`${lost.toLocaleString('en')} missing`]),
  ];
  return parts.join(', ');
}
