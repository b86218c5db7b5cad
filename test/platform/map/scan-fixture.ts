import { withConnection } from '../../../src/lib/base/postgres.ts';
import { silentProgress } from '../../../src/lib/base/progress.ts';
import { readCatalog } from '../../../src/lib/platform/catalog/index.ts';
import { openPlatform } from '../../../src/lib/platform/connection.ts';
import { type DataMap, type Finding, lintDataMap, readDataMap } from '../../../src/lib/platform/map/index.ts';
import {
  checkData,
  type LookOptions,
  type ObjectLook,
  type Scan,
  scanPlatform,
} from '../../../src/lib/platform/map/scan/index.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';

export const look: LookOptions = {
  limits: { rows: 20_000, bytes: 2 ** 25, time: 20_000 },
  progress: silentProgress,
  signal: new AbortController().signal,
};

export interface ScanWorld {
  readonly database: TestDatabase;
  sql(text: string): Promise<void>;
  scan(options?: {
    readonly look?: LookOptions | undefined;
    readonly schemas?: readonly string[];
    readonly url?: string;
    readonly objects?: ObjectLook;
  }): Promise<Scan>;
  /** The draft as a map, with what `map lint` has to say to it. */
  draft(scan: Scan): Promise<{ readonly map: DataMap; readonly findings: readonly Finding[] }>;
  check(map: string, url?: string): ReturnType<typeof checkData>;
}

/** A database of its own, a copy of `template` where one is named, with these statements run in it. */
export async function scanWorld(sql: string, template?: string): Promise<ScanWorld> {
  const database = await testDatabase(template === undefined ? {} : { template });
  const platform = async <T>(
    url: string,
    work: (db: Awaited<ReturnType<typeof openPlatform>>) => Promise<T>,
  ): Promise<T> => {
    const db = await openPlatform(url);
    try {
      return await work(db);
    } finally {
      await db.end();
    }
  };
  const world: ScanWorld = {
    database,
    sql: (text) =>
      withConnection({ url: database.url, role: 'test' }, async (client) => void (await client.query(text))),
    scan: ({ url = database.url, ...options } = {}) =>
      platform(url, (db) =>
        scanPlatform(db, {
          look: 'look' in options ? options.look : look,
          objects: options.objects,
          ...(options.schemas === undefined ? {} : { schemas: options.schemas }),
        }),
      ),
    draft: async ({ text }) => {
      const { map } = await readDataMap(text, 'draft');
      return {
        map,
        findings: await platform(database.url, async (db) => lintDataMap(map, await readCatalog(db))),
      };
    },
    check: async (text, url = database.url) => {
      const { map } = await readDataMap(text, 'map');
      return platform(url, async (db) => checkData(db, { map, catalog: await readCatalog(db) }, look));
    },
  };
  await world.sql(sql);
  return world;
}
