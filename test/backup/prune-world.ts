import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PruneContext } from '../../src/lib/backup/prune/context.ts';
import { planPrune } from '../../src/lib/backup/prune/plan-prune.ts';
import type { KeepRules } from '../../src/lib/backup/prune/rules.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import type { Plan } from '../../src/lib/operation/plan.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type TestState, testContext, testState } from '../support/operation.ts';

export const day = 86_400_000;
/** What the tests take for now. */
export const now = new Date('2026-06-01T12:00:00Z');
const none: KeepRules = { last: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };

/** `20260301T020000Z-00000001` for the first of March. */
export const idOf = (date: string, number = 1): string =>
  `${date.replaceAll('-', '')}T020000Z-${String(number).padStart(8, '0')}`;

export interface SetOptions {
  readonly lockedUntil?: Date;
  /** Only this file is locked. */
  readonly lockedFile?: string;
  readonly keyringLockedUntil?: Date;
  readonly registered?: 'complete' | 'running' | 'failed' | 'no';
  readonly manifest?: 'yes' | 'no';
  /** As the register has it. */
  readonly bytes?: number;
}

/** A store in a folder and a state database, with sets that are written down rather than made: pruning opens none. */
export interface PruneWorld {
  readonly state: TestState;
  readonly store: ObjectStore;
  readonly storePath: string;
  readonly context: PruneContext;
  /** The same with another store under the destination. */
  withStore(store: ObjectStore, changes?: Partial<PruneContext>): PruneContext;
  put(key: string, lockedUntil?: Date): Promise<void>;
  addSet(setId: string, options?: SetOptions): Promise<void>;
  /** Names of what a destination holds, by version. */
  files(prefix?: string): Promise<readonly string[]>;
  plan(
    keep: Partial<KeepRules>,
    context?: PruneContext,
  ): Promise<{ readonly plan: Plan; readonly decided: Readonly<Record<string, string>> }>;
  close(): Promise<void>;
}

const setFiles = ['README.txt', 'platform/30-data/000001-00001.sql.zst.pgp', 'manifest.json.pgp'];

export async function pruneWorld(): Promise<PruneWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-prune-'));
  const clock = { now: () => now };
  const storePath = join(folder, 'offsite');
  const store = await openLocalObjectStore({ path: storePath, clock, durability: 'fast' });
  const state = await testState();
  const withStore = (under: ObjectStore, changes: Partial<PruneContext> = {}): PruneContext => ({
    ...testContext(state, { clock }),
    destination: async (name) => ({ name, store: under, prefix: `${name}/test/`, keyringAge: 35 * day }),
    ...changes,
  });
  const context = withStore(store);
  const put = async (key: string, lockedUntil?: Date): Promise<void> => {
    const retention = lockedUntil && { mode: 'compliance' as const, until: lockedUntil };
    await store.put(`offsite/test/${key}`, Buffer.from(key), { ...(retention && { retention }) });
  };
  return {
    state,
    store,
    storePath,
    context,
    withStore,
    put,
    addSet: async (
      setId,
      {
        lockedUntil,
        lockedFile,
        keyringLockedUntil,
        registered = 'complete',
        manifest = 'yes',
        bytes = 1000,
      } = {},
    ) => {
      for (const file of setFiles) {
        if (file === 'manifest.json.pgp' && manifest === 'no') continue;
        await put(
          `${setId}/${file}`,
          lockedFile === undefined || lockedFile === file ? lockedUntil : undefined,
        );
      }
      await put(`keyrings/${setId}/platform-00001-00001.sql.zst.pgp`, keyringLockedUntil);
      if (registered !== 'no') await register(state, setId, registered, bytes);
    },
    files: async (prefix = '') => {
      const found: string[] = [];
      for await (const { key } of store.listVersions(`offsite/test/${prefix}`)) found.push(key.slice(13));
      return found;
    },
    plan: async (keep, own = context) => {
      const { plan, entries } = await planPrune(own, 'offsite', {
        keep: { ...none, ...keep },
        grace: 7 * day,
      });
      if (plan === undefined) throw new Error('there is nothing to plan');
      await savePlan(own, plan);
      const decided = entries
        .filter(({ what }) => what !== 'keyring')
        .map(({ setId, action }) => [setId, action]);
      return { plan, decided: Object.fromEntries(decided) as Record<string, string> };
    },
    close: async () => {
      await state.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function register(
  { pool }: Pick<TestState, 'pool'>,
  setId: string,
  state: 'complete' | 'running' | 'failed',
  bytes: number,
): Promise<void> {
  const startedAt = setId.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ).*$/, '$1-$2-$3:$4:$5');
  const finishedAt = state === 'running' ? null : startedAt;
  const sha256 = state === 'complete' ? createHash('sha256').update(setId).digest('hex') : null;
  await pool.query(
    `insert into postern.backup_set (set_id, profile, started_at, finished_at, state, manifest_sha256, bytes)
     values ($1, 'test', $2, $3, $4, $5, $6)`,
    [setId, startedAt, finishedAt, state, sha256, bytes],
  );
  await pool.query(
    `insert into postern.backup_copy (set_id, destination, location, is_required, state, finished_at)
     values ($1, 'offsite', 'file:///offsite', true, $2, $3)`,
    [setId, state, finishedAt],
  );
}

export interface CheckOptions {
  readonly kind: 'verify' | 'drill';
  readonly level?: string;
  readonly outcome?: string;
  /** When it ended, ten minutes after it began; the moment before `now` unless told. */
  readonly at?: string;
}

/** Notes that a set passed, or did not pass, a check. */
export async function addCheck(
  { pool }: Pick<TestState, 'pool'>,
  setId: string,
  { kind, level, outcome = 'passed', at = now.toISOString() }: CheckOptions,
): Promise<void> {
  await pool.query(
    `insert into postern.backup_check (profile, set_id, destination, kind, level, outcome, started_at, finished_at)
     values ('test', $1, 'offsite', $2, $3, $4, $5::timestamptz - interval '10 minutes', $5)`,
    [setId, kind, level ?? null, outcome, at],
  );
}
