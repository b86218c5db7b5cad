import { sha256Hex } from '../../crypto/sha256.ts';
import type { ModelTable } from '../../platform/map/index.ts';
import type { RootRow } from './known-rows.ts';

/** What may not be printed, though a key holds it. */
const naming = /^user\.(?:contact|name|authorization|government_id)\b/;

/**
 * The key of a person's row, as it may be shown: of a value that names somebody, the first eight digits of its SHA-256
 * behind `#`, by which whoever has the value finds it.
 */
export function shownKey(table: ModelTable | undefined, { key }: Pick<RootRow, 'key'>): readonly string[] {
  const columns = table?.entry.primary_key ?? [];
  return key.map((value, index) => {
    const { category } = table?.entry.fields?.[columns[index] ?? ''] ?? {};
    return category !== undefined && naming.test(category) ? `#${sha256Hex(value).slice(0, 8)}` : value;
  });
}
