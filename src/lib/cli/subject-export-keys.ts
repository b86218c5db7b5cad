import type { Client } from '../base/postgres.ts';
import type { DataKeyOf } from '../subject/export/index.ts';
import type { PosternContext } from './context.ts';

export interface ExportKeys {
  readonly dataKeyOf: DataKeyOf;
  /** Wipes the keys. */
  close(): Promise<void>;
}

/**
 * Opens data keys of persons through the keyrings of the map, each once. Nothing is connected before the first
 * encrypted value; another session than the export's asks for the key, since that one is busy with rows.
 */
export function exportKeys(context: PosternContext): ExportKeys {
  const opened = new Map<string, ReturnType<DataKeyOf>>();
  let keyrings: ReturnType<typeof openKeyrings> | undefined;
  return {
    dataKeyOf: (keyring, id) => {
      const known = opened.get(id);
      if (known !== undefined) return known;
      const found = (keyrings ??= openKeyrings(context)).then(({ read }) => read(keyring, id));
      opened.set(id, found);
      return found;
    },
    async close() {
      for (const found of opened.values()) {
        const key = await found.catch(() => undefined);
        if (key !== undefined && 'dataKey' in key) key.dataKey.fill(0);
      }
      await (await keyrings?.catch(() => undefined))?.db.end();
    },
  };
}

async function openKeyrings(
  context: PosternContext,
): Promise<{ readonly db: Client; readonly read: DataKeyOf }> {
  const { keyContext } = await import('./key-context.ts');
  const { readCatalog } = await import('../platform/catalog/index.ts');
  const { keyringsOf } = await import('../platform/map/index.ts');
  const { keyringTable } = await import('../key/keyring/keyring-table.ts');
  const { keysOfBatch } = await import('../key/keyring/data-keys.ts');
  const keys = await keyContext(context);
  const db = await keys.openReader();
  try {
    const [catalog, map] = [await readCatalog(db), await keys.map()];
    const tables = new Map(
      keyringsOf(map).map((keyring) => [keyring.table, keyringTable(keyring, catalog)] as const),
    );
    return {
      db,
      read: async (keyring, id) => {
        const table = tables.get(keyring);
        if (table === undefined) return { problem: 'key-unknown' };
        const { byId } = await keysOfBatch(db, table, { ids: [id], subjects: [] }, keys.openDataKey);
        const found = byId.get(id);
        if (found === undefined) return { problem: 'key-unknown' };
        return 'problem' in found ? found : { subject: found.version.subject, dataKey: found.dataKey };
      },
    };
  } catch (error) {
    await db.end();
    throw error;
  }
}
