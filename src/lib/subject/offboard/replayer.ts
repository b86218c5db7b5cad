import type { Client } from '../../base/postgres.ts';
import { columnsOf, presentMap } from '../erase/ledger/present-map.ts';
import { eraseAgain, type ReplayOptions } from '../erase/ledger/replayer.ts';
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
  ): Promise<{ readonly replayed: number; readonly rows: number }> => {
    const map = presentMap(await options.map(), await columnsOf(client));
    const tenants = new Set(entries.map(({ detail }) => offboardDetail.parse(detail).tenant));
    let rows = 0;
    for (const tenant of tenants)
      rows += await eraseAgain(client, options, { map, seeds: [], tenant, wholeTenant: true, signal });
    return { replayed: entries.length, rows };
  },
});
