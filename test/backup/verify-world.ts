import { cp, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { SetStore } from '../../src/lib/backup/context.ts';
import { unlock } from '../../src/lib/backup/keys/open-keys.ts';
import { openSignedSet, readManifest } from '../../src/lib/backup/read-set.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { egressBudget, type VerifyOptions, verifySet } from '../../src/lib/backup/verify/index.ts';
import type { BackupVerifyResult } from '../../src/lib/backup/verify/results.ts';
import { failure } from '../../src/lib/base/error.ts';
import type { Pool } from '../../src/lib/base/postgres.ts';
import type { Progress } from '../../src/lib/base/progress.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { type BackupWorld, backupWorld, destinationOf, platformSource } from '../support/backup-world.ts';
import { testDatabase } from '../support/postgres.ts';
import { sql } from './round-trip.ts';

const hour = 3_600_000;

export const setLock = 24 * hour;
export const keyringLock = hour;

/** Two small sets with locks and a keyring, in a store that keeps versions, and a state database that knows them. */
export interface VerifyWorld extends BackupWorld {
  readonly older: string;
  readonly newer: string;
  readonly pool: Pool;
  /** Of a table of several parts. */
  readonly part: string;
  readonly keyring: string;
  /** The key of a file of the newer set. */
  key(file: string): string;
  /** Everything that the store holds, in a folder that a test may ruin. */
  copy(): Promise<SetStore>;
  /** Verifies the newer set; with the state database and a key unless told. */
  verify(
    changes?: Partial<VerifyOptions> & { readonly sets?: SetStore; readonly setId?: string },
  ): Promise<BackupVerifyResult>;
  /** Forgets what verifications have recorded. */
  forget(): Promise<void>;
}

export async function verifyWorld(): Promise<VerifyWorld> {
  const platform = await testDatabase();
  await sql(
    platform.url,
    `create table person (id int primary key, dek bytea not null);
     insert into person select n, decode(lpad(to_hex(n), 16, 'f'), 'hex') from generate_series(1, 50) n;
     create table mail (id int primary key, body text);
     insert into mail select n, string_agg(md5(n::text || m), '') from generate_series(1, 2000) n, generate_series(1, 20) m group by n`,
  );
  const world = await backupWorld({ platformUrl: platform.url });
  const context = world.context({
    sources: [{ ...platformSource(platform.url), wrappedKeys: [{ table: 'public.person', column: 'dek' }] }],
    destinations: [
      destinationOf(world.sets, {
        lock: { mode: 'governance', duration: setLock },
        keyringLock: { mode: 'governance', duration: keyringLock },
      }),
    ],
    options: { partSize: 2 ** 16, rangeBytes: 2 ** 18, workers: 1, verifyBeforeUpload: false },
  });
  const { setId: older } = await runBackup(context);
  const { setId: newer } = await runBackup(context);
  const pool = await context.state();
  const { manifest } = await openedManifest(world, newer);
  const mail = manifest.files.filter(({ rows = 0, kind }) => kind === 'table-data' && rows > 50);
  if (mail.length < 4) throw new Error('the table has too few parts for these tests');
  return {
    ...world,
    older,
    newer,
    pool,
    part: mail[0]?.name ?? '',
    keyring: `keyrings/${newer}/platform-00001-00001.sql.zst.pgp`,
    key: (file) => `${world.sets.prefix}${newer}/${file}`,
    copy: async () => {
      const path = await mkdtemp(join(world.folder, 'copy-'));
      await cp(world.storePath, path, { recursive: true });
      return { ...world.sets, store: await openLocalObjectStore({ path, durability: 'fast' }) };
    },
    verify: ({ sets = world.sets, setId = newer, ...changes } = {}) =>
      verifySet(sets, setId, {
        level: 'full',
        keys: world.secretKeys,
        workers: 1,
        signal: new AbortController().signal,
        progress: silentProgress,
        state: pool,
        egress: egressBudget(),
        ...changes,
      }),
    forget: async () => {
      await sql(world.stateUrl, 'truncate postern.backup_file_check, postern.backup_verification');
    },
    close: async () => {
      await world.close();
      await platform.drop();
    },
  };
}

async function openedManifest(world: BackupWorld, setId: string) {
  const set = await openSignedSet(world.sets, setId);
  return readManifest(world.sets, set, await unlock(world.secretKeys));
}

/** A progress that keeps its warnings, and the sums of its steps. */
export function watched(): Progress & {
  readonly warnings: readonly string[];
  readonly steps: readonly { readonly total: number; done: number }[];
} {
  const warnings: string[] = [];
  const steps: { total: number; done: number }[] = [];
  return {
    warnings,
    steps,
    detail: () => {},
    warn: (line) => void warnings.push(line),
    step: (_, { total = 0 } = {}) => {
      const step = { total, done: 0 };
      steps.push(step);
      return {
        advance: (amount) => {
          step.done += amount;
        },
        done: () => {},
        fail: () => {},
      };
    },
  };
}

/** Lays other bytes over a key, as a host with the writing credentials can. */
export async function coverUp(store: ObjectStore, key: string, how: 'written' | 'hidden'): Promise<void> {
  if (how === 'hidden') await store.delete(key);
  else await store.put(key, Buffer.from('somebody was here'));
}

/** A store that has lost everything under these keys. */
export function withoutKeys(sets: SetStore, pattern: RegExp): SetStore {
  const { store } = sets;
  const missing = (key: string): void => {
    if (pattern.test(key)) throw failure(`there is no ${key}`, { code: 'object-missing' });
  };
  return {
    ...sets,
    store: {
      ...store,
      open: async (key, options) => {
        missing(key);
        return store.open(key, options);
      },
      head: async (key, options) => (pattern.test(key) ? undefined : store.head(key, options)),
      list: async function* (prefix) {
        for await (const object of store.list(prefix)) if (!pattern.test(object.key)) yield object;
      },
      listVersions: async function* (prefix) {
        for await (const version of store.listVersions(prefix)) if (!pattern.test(version.key)) yield version;
      },
    },
  };
}
