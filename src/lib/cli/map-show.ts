import { writeFileAtomic } from '../base/atomic-file.ts';
import type { DataMap } from '../platform/map/index.ts';
import { renderReport } from '../report/html/render.ts';
import { mapReport } from '../subject/picture/map-report.ts';
import type { MapTableSummary } from '../subject/picture/results.ts';
import type { Column } from './table.ts';

export const mapColumns: readonly Column<MapTableSummary>[] = [
  { header: 'table', value: ({ table }) => table },
  { header: 'belongs to', value: ({ ownership }) => ownership },
  { header: 'fields', value: ({ fields }) => fields, align: 'right' },
  { header: 'erase', value: ({ erase }) => erase || undefined },
  { header: 'keep', value: ({ keep }) => keep ?? undefined },
  { header: 'categories', value: ({ categories }) => categories.join(', ') || undefined },
];

/** Draws the map as one HTML page. */
export async function writeMapReport(
  output: string,
  map: DataMap,
  about: Parameters<typeof mapReport>[1],
): Promise<void> {
  await writeFileAtomic(output, await renderReport(mapReport(map, about)));
}
