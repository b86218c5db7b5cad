import type { Client } from '../../base/postgres.ts';
import { readCatalog } from '../../platform/catalog/index.ts';
import { unmapped } from '../../platform/map/index.ts';
import { columnsOf, presentMap } from '../erase/ledger/present-map.ts';
import { eraseAgain, type Replayed, type ReplayOptions } from '../erase/ledger/replayer.ts';
import { offboardDetail, offboardErasure } from './ledger.ts';

/**
 * Repeats the deletion of whole tenants in a restored database, in the transaction that the session is in. What a law
 * keeps is judged by the day of the restore. Objects are those of the live platform, and stay as they are.
 * @throws {PosternError} exit 6, `erase-blocked`: the database then stays closed
 */
export const offboardReplayer = (options: ReplayOptions) => ({
  kind: offboardErasure,
  replay: async (
    client: Client,
    entries: readonly { readonly detail: unknown }[],
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Replayed> => {
    const catalog = await readCatalog(client);
    const today = await options.map();
    const map = presentMap(today, columnsOf(catalog));
    const tenants = new Set(entries.map(({ detail }) => offboardDetail.parse(detail).tenant));
    let rows = 0;
    for (const tenant of tenants)
      rows += await eraseAgain(client, options, { map, seeds: [], tenant, wholeTenant: true, signal });
    return { replayed: entries.length, rows, unmapped: unmapped(today, catalog) };
  },
});
