import { afterEach, expect, test, vi } from 'vitest';
import {
  joinablePlan,
  joinReencrypt,
  keyReencrypt,
  planReencrypt,
  type ReencryptOptions,
} from '../../src/lib/key/reencrypt/index.ts';
import { unlimited } from '../../src/lib/key/walk/bearable.ts';
import { createParts } from '../../src/lib/key/walk/walk-part.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type KeyWorld, keyWorld } from '../support/key-world.ts';
import { applyWithKills } from '../support/walk-kills.ts';

let world: KeyWorld;
afterEach(() => world.close());

const options: ReencryptOptions = {
  keyring: undefined,
  keys: 'new',
  kek: null,
  batchSize: 20,
  workers: 2,
  rowsPerSecond: null,
  bearable: unlimited,
  kmsRequestsPerSecond: null,
  writerCacheSeconds: 0,
};

async function plan(own: Partial<ReencryptOptions> = {}): Promise<string> {
  const context = await world.context();
  const { plan: made } = await planReencrypt(context, { ...options, ...own });
  if (made === undefined) throw new Error('nothing to do');
  await savePlan(context, made);
  return made.id;
}

test('an application that refreshes tokens all the while loses none of them, in ten rotations', async () => {
  world = await keyWorld({ persons: 8, tokensEach: 10 });
  const expected = new Map(world.tokens);
  const names = [...expected.keys()];
  const stop = new AbortController();
  let refreshed = 0;
  const application = (async () => {
    while (!stop.signal.aborted) {
      const token = names[Math.floor(Math.random() * names.length)] ?? '';
      const [person = '', name = ''] = token.split('/');
      const fresh = `refreshed ${refreshed} of ${token}`;
      const value = await world.seal(person, name, fresh);
      await world.platform.query(
        `update app.token set secret = $3, key_id = encode(substr($3::bytea, 7, 16), 'hex')::uuid
         where person_id = $1 and name = $2`,
        [person, name, value],
      );
      expected.set(token, fresh);
      refreshed += 1;
    }
  })();
  for (let run = 0; run < 10; run += 1) {
    await applyPlan(await world.context(), keyReencrypt, await plan());
  }
  stop.abort();
  await application;
  expect(refreshed).toBeGreaterThan(50);
  expect(await world.readTokens()).toEqual(expected);
});

test('a value that changes between reading and writing is read again, and never written over', async () => {
  world = await keyWorld({ persons: 3, tokensEach: 4 });
  const expected = new Map(world.tokens);
  const [token = ''] = expected.keys();
  const [person = '', name = ''] = token.split('/');
  const id = await plan();
  const context = await world.context();
  let changes = 0;
  const applied = applyPlan(
    {
      ...context,
      // The batch has been read when its keys are asked for.
      openDataKey: async (version) => {
        if (changes === 0 && version.subject === person) {
          changes += 1;
          const value = await world.seal(person, name, 'changed under the walk');
          await world.platform.query(
            `update app.token set secret = $3, key_id = encode(substr($3::bytea, 7, 16), 'hex')::uuid
             where person_id = $1 and name = $2`,
            [person, name, value],
          );
          expected.set(token, 'changed under the walk');
        }
        return context.openDataKey(version);
      },
    },
    keyReencrypt,
    id,
  );
  await applied;
  const { rows } = await world.state.pool.query('select sum(moved)::int as moved from postern.key_walk_part');
  expect(rows).toEqual([{ moved: 1 }]);
  expect(await world.readTokens()).toEqual(expected);
});

test('killed at twenty moments, a rotation goes on to the end, and loses nothing', {
  timeout: 240_000,
}, async () => {
  world = await keyWorld({ persons: 20, tokensEach: 20 });
  const id = await plan({ batchSize: 5, rowsPerSecond: 400 });
  await applyWithKills(world, id, { kills: 20, within: 250 });
  expect(await world.readTokens()).toEqual(world.tokens);
  const keys = await world.platform.query('select state, count(*)::int from app.key group by 1 order by 1');
  expect(keys.rows).toEqual([
    { state: 'active', count: 20 },
    { state: 'drained', count: 20 },
  ]);
});

test('another host joins the walk and takes parts of it, and neither does what the other did', {
  timeout: 120_000,
}, async () => {
  world = await keyWorld({ persons: 12, tokensEach: 20 });
  const id = await plan({ batchSize: 5, rowsPerSecond: 60, workers: 1 });
  const joining = await world.context();
  const joinable = async () => (await joinablePlan(joining, id)).plan;
  await expect(joinReencrypt(joining, await joinable(), 1)).rejects.toMatchObject({
    code: 'plan-not-applying',
    exitCode: 6,
  });
  const { rows: keys } = await world.platform.query(
    'select person_id::text, name from app.token order by 1, 2',
  );
  const bounds = [40, 80, 120, 160, 200].map((row) => [keys[row].person_id, keys[row].name]);
  await createParts(world.state.pool, { planId: id, step: 2 }, bounds);
  const applying = applyPlan(await world.context(), keyReencrypt, id);
  await vi.waitUntil(
    async () =>
      (await world.state.pool.query('select from postern.key_walk_part where seen > 0')).rowCount === 1,
    { timeout: 20_000 },
  );
  const { rows } = await joinReencrypt(joining, await joinable(), 1);
  await applying;
  const { rows: parts } = await world.state.pool.query(
    `select count(distinct owner)::int as owners, sum(seen)::int as seen, sum(written)::int as written
     from postern.key_walk_part`,
  );
  expect(parts).toEqual([{ owners: 2, seen: 240, written: 240 }]);
  expect(rows).toBeGreaterThan(20);
  expect(await world.readTokens()).toEqual(world.tokens);
});
