import { z } from 'zod';
import { refused } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { type DataMap, keyringsOf, tableName } from '../../platform/map/index.ts';
import { shredErasure } from './ledger.ts';
import { requireShredded, shredKeys } from './shredded.ts';

const detail = z.strictObject({ keyring: z.string(), keys: z.array(z.uuid()) });

/**
 * Repeats shreds in a restored database: a set that is older than they are holds the wrapped keys still.
 * @throws {PosternError} exit 6: `erasure-keyring-missing`: the data map does not know the keyring any more;
 * `shred-not-kept`: a trigger of the keyring undoes it
 */
export const shredReplayer = (map: () => Promise<DataMap>) => ({
  kind: shredErasure,
  replay: async (
    client: Client,
    entries: readonly { readonly detail: unknown }[],
  ): Promise<{ readonly replayed: number; readonly rows: number }> => {
    const keyrings = new Map(keyringsOf(await map()).map((keyring) => [keyring.table, keyring]));
    let rows = 0;
    for (const entry of entries) {
      const { keyring: name, keys } = detail.parse(entry.detail);
      const keyring = keyrings.get(name);
      if (keyring === undefined) {
        throw refused(`data keys were shredded in ${name}, which the data map does not call a keyring`, {
          code: 'erasure-keyring-missing',
          hints: ['describe it under keyrings in the data map, so that the shred can be repeated'],
        });
      }
      if (!(await isThere(client, keyring.table))) continue;
      rows += await shredKeys(client, keyring, keys);
      await requireShredded(client, keyring, keys);
    }
    return { replayed: entries.length, rows };
  },
});

/** A restore of chosen tables may have left the keyring out. */
async function isThere(client: Client, table: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    'select pg_catalog.to_regclass($1) is not null as there',
    [tableName(table)],
  );
  return rows[0]?.there === true;
}
