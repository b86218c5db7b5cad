import { join } from 'node:path';
import type { BackupContext } from '../../src/lib/backup/context.ts';
import type { Manifest } from '../../src/lib/backup/format/manifest.ts';
import type { IndexLine } from '../../src/lib/backup/objects/index-line.ts';
import { readIndex } from '../../src/lib/backup/objects/read-index.ts';
import { type ObjectSets, objectSets } from '../../src/lib/backup/objects/readable-set.ts';
import {
  type VerifyFinding,
  type VerifyObjectsOptions,
  verifyObjects,
} from '../../src/lib/backup/objects/verify.ts';
import { openSignedSet, readManifest, unlock } from '../../src/lib/backup/read-set.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { parseObjectKey } from '../../src/lib/platform/map/index.ts';
import {
  type BackupChanges,
  type BackupWorld,
  backupWorld,
  platformSource,
} from '../support/backup-world.ts';
import { testDatabase } from '../support/postgres.ts';
import { sql } from './round-trip.ts';

/** A platform whose messages are objects of a store, and everything that their backup needs. */
export interface ObjectsWorld extends Omit<BackupWorld, 'context'> {
  readonly platformUrl: string;
  readonly mail: ObjectStore;
  /** Parts of 64 KiB, so that little mail makes many. */
  context(changes?: BackupChanges): BackupContext;
  /** Stores an object. */
  mailed(key: string, body: string | Uint8Array): Promise<void>;
  /** Makes rows that name objects. */
  named(...keys: readonly string[]): Promise<void>;
  reader(): Promise<ObjectSets>;
  manifest(setId: string): Promise<Manifest>;
  index(setId: string): Promise<readonly IndexLine[]>;
  verify(setId: string, contents?: VerifyObjectsOptions['contents']): Promise<readonly VerifyFinding[]>;
}

export const partSize = 2 ** 16;
const day = 86_400_000;

export async function objectsWorld({
  mail: given,
}: {
  readonly mail?: ObjectStore;
} = {}): Promise<ObjectsWorld> {
  const platform = await testDatabase();
  await sql(
    platform.url,
    'create table message (id bigint generated always as identity primary key, body text)',
  );
  const world = await backupWorld({ platformUrl: platform.url });
  const mail =
    given ?? (await openLocalObjectStore({ path: join(world.folder, 'mail'), durability: 'fast' }));
  const reader = async (): Promise<ObjectSets> => objectSets(world.sets, await unlock(world.secretKeys));
  const manifest = async (setId: string): Promise<Manifest> => {
    const keys = await unlock(world.secretKeys);
    return (await readManifest(world.sets, await openSignedSet(world.sets, setId), keys)).manifest;
  };
  return {
    ...world,
    platformUrl: platform.url,
    mail,
    context: ({ options, ...changes } = {}) =>
      world.context({
        sources: [
          {
            ...platformSource(platform.url),
            objectKeys: [{ table: 'public.message', bucket: 'mail', key: parseObjectKey('{body}') ?? [] }],
          },
        ],
        objects: { fullEvery: 30 * day, buckets: [{ name: 'mail', store: mail, prefix: '' }] },
        ...changes,
        options: { partSize, workers: 1, level: 1, ...options },
      }),
    mailed: async (key, body) => {
      await mail.put(key, typeof body === 'string' ? Buffer.from(body) : body);
    },
    named: async (...keys) => {
      const rows = keys.map((key) => `('${key.replaceAll("'", "''")}')`);
      await sql(platform.url, `insert into message (body) values ${rows.join(', ')}`);
    },
    reader,
    manifest,
    index: async (setId) => {
      const sets = await reader();
      const lines: IndexLine[] = [];
      for await (const { line } of readIndex(sets, await sets.openSet(setId), await manifest(setId)))
        lines.push(line);
      return lines;
    },
    verify: async (setId, contents = 'all') =>
      verifyObjects(await reader(), await manifest(setId), {
        contents,
        signal: new AbortController().signal,
      }),
    close: async () => {
      await world.close();
      await platform.drop();
    },
  };
}
