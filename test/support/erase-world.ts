import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client, Pool } from '../../src/lib/base/postgres.ts';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { openPlatformForChange } from '../../src/lib/platform/connection.ts';
import { type DataMap, readDataMap } from '../../src/lib/platform/map/index.ts';
import {
  type EraseContext,
  eraseOutcome,
  eraseReplayer,
  type PlannedErase,
  planErase,
  subjectErase,
} from '../../src/lib/subject/erase/index.ts';
import { seedsOf } from '../../src/lib/subject/find/index.ts';
import { personGraph } from '../../src/lib/subject/graph/person-graph.ts';
import type { KnownValues } from '../../src/lib/subject/identity/spots.ts';
import { nameHasher } from '../../src/lib/subject/name-hash/index.ts';
import { pseudonym, pseudonymKeysOf } from '../../src/lib/subject/pseudonym/index.ts';
import { eraseMap, eraseSchema } from './erase-platform.ts';
import { testContext, testSigner, testState } from './operation.ts';
import { type TestDatabase, testDatabase } from './postgres.ts';

export interface EraseWorld {
  /** The superuser's, on the platform's database. */
  readonly url: string;
  readonly stateUrl: string;
  readonly pool: Pool;
  /** Of the object store. */
  readonly folder: string;
  readonly store: ObjectStore;
  readonly map: DataMap;
  query<R = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<R[]>;
  context(own?: Partial<EraseContext>): Promise<EraseContext>;
  /** The platform as it is now, as a restore brings it back later; dropped with the world. @returns its URL */
  copy(): Promise<string>;
  /** What the command line makes of what it was given: one person each. */
  seeds(...persons: readonly (readonly string[])[]): readonly KnownValues[];
  close(): Promise<void>;
}

const keys = { hmac: 'ab'.repeat(32), pseudonym: 'cd'.repeat(32) } as const;

export const eraseHasher = nameHasher([keys.hmac]);
const [pseudonymKey] = pseudonymKeysOf([{ version: 1, secret: keys.pseudonym }]);

/** A context on these databases, in this process or in a child. */
export async function eraseContextOn(
  place: { readonly url: string; readonly pool: Pool; readonly folder: string; readonly map: DataMap },
  own: Partial<EraseContext> = {},
): Promise<EraseContext> {
  const store = await openLocalObjectStore({ path: place.folder, durability: 'fast' });
  return {
    ...testContext(place, { certificateSigner: testSigner().certificateSigner }),
    openWriter: () => openPlatformForChange(place.url),
    map: () => Promise.resolve(place.map),
    hasher: () => Promise.resolve(eraseHasher),
    pseudonym: () => Promise.resolve((identity, value) => pseudonym(pseudonymKey, identity, value)),
    buckets: () => Promise.resolve([{ bucket: 'mail', store, prefix: '' }]),
    horizon: () => Promise.resolve({ sets: 0, lockedUntil: null, keysLockedUntil: null }),
    ...own,
  };
}

export async function eraseWorld(
  options: { readonly schema?: string; readonly map?: string } = {},
): Promise<EraseWorld> {
  const database = await testDatabase();
  const { url } = database;
  await withConnection({ url, role: 'test' }, (client) => client.query(options.schema ?? eraseSchema));
  const state = await testState();
  const folder = await mkdtemp(join(tmpdir(), 'postern-erase-'));
  const { map } = await readDataMap(options.map ?? eraseMap, 'map.yaml');
  const copies: TestDatabase[] = [];
  return {
    url,
    stateUrl: state.url,
    pool: state.pool,
    folder,
    map,
    store: await openLocalObjectStore({ path: folder, durability: 'fast' }),
    query: (sql, values = []) =>
      withConnection(
        { url, role: 'test' },
        async (client: Client) => (await client.query(sql, [...values])).rows,
      ),
    context: (own) => eraseContextOn({ url, pool: state.pool, folder, map }, own),
    copy: async () => {
      const copy = await testDatabase({ template: new URL(url).pathname.slice(1) });
      copies.push(copy);
      return copy.url;
    },
    seeds: (...persons) => persons.map((who) => seedsOf(personGraph(map), who)),
    close: async () => {
      for (const copy of copies) await copy.drop();
      await state.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Every row of the schema `app`, by table; what is made up at random is told as such. */
export async function wholePlatform(world: Pick<EraseWorld, 'query'>): Promise<Record<string, string[]>> {
  const tables = await world.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'app'::regnamespace and relkind in ('r', 'm') order by 1`,
  );
  const found: Record<string, string[]> = {};
  for (const { name } of tables) {
    const rows = await world.query<{ row: string }>(`select t::text as row from app."${name}" t order by 1`);
    found[name] = rows.map(({ row }) => row.replaceAll(/erased-[0-9a-f]{16}/g, 'erased-…'));
  }
  return found;
}

/** A plan that is kept, and the process that made it, which knows who is meant. */
export async function plannedErase(
  world: EraseWorld,
  who: string,
  tenant?: string,
): Promise<PlannedErase & { readonly context: EraseContext }> {
  const seeds = world.seeds([who]);
  const context = await world.context({ subjects: seeds });
  const planned = await planErase(context, { tenant, reason: 'request 1', request: undefined, seeds });
  await savePlan(context, planned.plan);
  return { ...planned, context };
}

/** Erases one person. @returns what is told at its end */
export async function erasePerson(
  world: EraseWorld,
  who: string,
  tenant?: string,
): Promise<Awaited<ReturnType<typeof eraseOutcome>>> {
  const { context, plan } = await plannedErase(world, who, tenant);
  await applyPlan(context, subjectErase, plan.id);
  return eraseOutcome(world.pool, plan);
}

/** What repeats the erasures of this world in a copy of it. */
export async function replayerOf(
  world: EraseWorld,
  hasher = eraseHasher,
): Promise<ReturnType<typeof eraseReplayer>> {
  const context = await world.context();
  return eraseReplayer({
    map: () => context.map(),
    hasher: () => Promise.resolve(hasher),
    pseudonym: () => context.pseudonym(),
    holds: () => Promise.resolve(undefined),
    now: () => new Date(),
  });
}
