import { mkdir } from 'node:fs/promises';
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

const profile = (number: number): string => `test-${number}`;

export interface ObjectsPlatform {
  /** A world of its own in it: an empty table, an empty store, a profile without sets. */
  fresh(): Promise<ObjectsWorld>;
  close(): Promise<void>;
}

/** One platform for many tests, of which each begins afresh: servers and keys take longer than what is tested. */
export async function objectsPlatform(): Promise<ObjectsPlatform> {
  const platform = await testDatabase();
  const message = 'create table message (id bigint generated always as identity primary key, body text)';
  await sql(platform.url, message);
  const world = await backupWorld({ platformUrl: platform.url });
  let number = 0;
  return {
    fresh: async () => {
      await sql(platform.url, `drop schema public cascade; create schema public; ${message}`);
      number += 1;
      return objectsWorldOf(world, platform.url, profile(number));
    },
    close: async () => {
      await world.close();
      await platform.drop();
    },
  };
}

/** A platform and its world, for one test. */
export async function objectsWorld(): Promise<ObjectsWorld> {
  const platform = await objectsPlatform();
  const world = await platform.fresh();
  return { ...world, close: () => platform.close() };
}

async function objectsWorldOf(
  { data, ...made }: BackupWorld,
  platformUrl: string,
  name: string,
): Promise<ObjectsWorld> {
  const folder = join(made.folder, name);
  await mkdir(folder);
  // What is tested here is not whether it is on the disk.
  const fast = { durability: 'fast' } as const;
  const store = await openLocalObjectStore({ path: made.storePath, ...fast });
  const mail = await openLocalObjectStore({ path: join(folder, 'mail'), ...fast });
  const sets = { ...made.sets, store, profile: name, prefix: `backup/${name}/` };
  const reader = async (): Promise<ObjectSets> => objectSets(sets, await unlock(made.secretKeys));
  const manifest = async (setId: string): Promise<Manifest> =>
    (await readManifest(sets, await openSignedSet(sets, setId), await unlock(made.secretKeys))).manifest;
  return {
    ...made,
    data: { ...data, profile: name },
    folder,
    sets,
    platformUrl,
    mail,
    context: ({ options, ...changes } = {}) =>
      made.context({
        sets,
        profile: name,
        sources: [
          {
            ...platformSource(platformUrl),
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
      await sql(platformUrl, `insert into message (body) values ${rows.join(', ')}`);
    },
    reader,
    manifest,
    index: async (setId) => {
      const readable = await reader();
      const lines: IndexLine[] = [];
      const read = readIndex(readable, await readable.openSet(setId), await manifest(setId));
      for await (const { line } of read) lines.push(line);
      return lines;
    },
    verify: async (setId, contents = 'all') =>
      verifyObjects(await reader(), await manifest(setId), {
        contents,
        signal: new AbortController().signal,
      }),
    close: async () => {},
  };
}
