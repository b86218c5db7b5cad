import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type AdoptOptions, keyAdopt, keyAdoptFinish, planAdopt } from '../../src/lib/key/adopt/index.ts';
import { unlimited } from '../../src/lib/key/walk/bearable.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type AdoptWorld, adoptWorld } from '../support/adopt-world.ts';
import { applyWithKills } from '../support/walk-kills.ts';

let world: AdoptWorld;
afterEach(() => world.close());

const options: AdoptOptions = {
  name: { table: 'app.account', column: 'legacy' },
  mode: 'copy',
  makeKeys: null,
  windowSeconds: null,
  batchSize: 20,
  workers: 2,
  rowsPerSecond: null,
  bearable: unlimited,
  kmsRequestsPerSecond: null,
};

const finishing = { mode: 'finish', windowSeconds: 0 } as const;

async function plan(own: Partial<AdoptOptions> = {}): Promise<string> {
  const context = await world.adoptContext();
  const { plan: made } = await planAdopt(context, { ...options, ...own });
  if (made === undefined) throw new Error('nothing to do');
  await savePlan(context, made);
  return made.id;
}

const adopt = async () => applyPlan(await world.adoptContext(), keyAdopt, await plan());

/** As an application that knows both columns writes. */
async function writeBoth(id: number, value: string): Promise<void> {
  await world.platform.query(
    `update app.account set legacy = $2, sealed = $3, sealed_key = encode(substr($3::bytea, 7, 16), 'hex')::uuid where id = $1`,
    [id, value, await world.sealAccount(id, value)],
  );
}

/** Writes rows at random until it is stopped: those with an even id in both columns, others in clear alone. */
function application(expected: Map<number, string>) {
  const stop = new AbortController();
  let writes = 0;
  const running = (async () => {
    while (!stop.signal.aborted) {
      const id = Math.floor(Math.random() * world.legacy.size);
      const value = `written ${writes} into ${id}`;
      expected.set(id, value);
      if (id % 2 === 0) await writeBoth(id, value);
      else await world.platform.query('update app.account set legacy = $2 where id = $1', [id, value]);
      writes += 1;
    }
  })();
  return async (): Promise<number> => {
    stop.abort();
    await running;
    return writes;
  };
}

test('an application that writes all the while loses nothing, in ten adoptions', async () => {
  world = await adoptWorld({ rows: 60 });
  const expected = new Map(world.legacy);
  const stop = application(expected);
  for (let run = 0; run < 10; run += 1) {
    // Each time all values are to be encrypted.
    await world.platform.query('update app.account set sealed = null, sealed_key = null');
    await adopt();
  }
  expect(await stop()).toBeGreaterThan(50);
  const { rows } = await world.platform.query('select id, legacy from app.account');
  expect(new Map(rows.map(({ id, legacy }) => [id, legacy]))).toEqual(expected);
  const even = (values: ReadonlyMap<number, string>) => new Map([...values].filter(([id]) => id % 2 === 0));
  expect(even(await world.readSealed())).toEqual(even(expected));
  // What was written in clear alone since its row was last visited.
  await adopt();
  expect(await world.readSealed()).toEqual(expected);
});

test('an application that writes both columns while the one in clear is emptied loses nothing', async () => {
  world = await adoptWorld({ rows: 60 });
  const expected = new Map(world.legacy);
  await adopt();
  let writes = 0;
  for (let run = 0; run < 5; run += 1) {
    const stop = new AbortController();
    const running = (async () => {
      while (!stop.signal.aborted) {
        const id = Math.floor(Math.random() * world.legacy.size);
        expected.set(id, `written ${writes} into ${id}`);
        await writeBoth(id, `written ${writes} into ${id}`);
        writes += 1;
      }
    })();
    await wait(30);
    await applyPlan(await world.adoptContext(), keyAdoptFinish, await plan(finishing));
    stop.abort();
    await running;
  }
  expect(writes).toBeGreaterThan(50);
  expect(await world.readSealed()).toEqual(expected);
  const { rows } = await world.platform.query('select id, legacy from app.account where legacy is not null');
  for (const { id, legacy } of rows) expect(legacy).toBe(expected.get(id));
});

test('a row that changes between reading and writing is read again, and never written over', async () => {
  world = await adoptWorld({ rows: 10 });
  const context = await world.adoptContext();
  let changes = 0;
  await applyPlan(
    {
      ...context,
      // The batch has been read when its keys are asked for.
      openDataKey: async (version) => {
        if (changes === 0) {
          changes += 1;
          await writeBoth(0, 'changed under the walk');
        }
        return context.openDataKey(version);
      },
    },
    keyAdopt,
    await plan(),
  );
  const { rows } = await world.state.pool.query('select sum(moved)::int as moved from postern.key_walk_part');
  expect(rows).toEqual([{ moved: 1 }]);
  expect(await world.readSealed()).toEqual(new Map([...world.legacy, [0, 'changed under the walk']]));
});

test('a batch that another transaction stood in the way of is tried again, with its values whole', async () => {
  world = await adoptWorld({ rows: 10 });
  // In place, where no second reading would find what was encrypted wrong.
  await world.platform.query(
    `update app.account set sealed = convert_to(legacy, 'UTF8');
     create sequence app.tried;
     create function app.stand_in_the_way() returns trigger language plpgsql as $$ begin
       if pg_catalog.nextval('app.tried') <= 2 then raise exception 'deadlock' using errcode = '40P01'; end if;
       return new;
     end $$;
     create trigger standing before update on app.account for each statement execute function app.stand_in_the_way()`,
  );
  const id = await plan({ name: { table: 'app.account', column: 'sealed' }, mode: 'in-place' });
  await applyPlan(await world.adoptContext(), keyAdopt, id);
  expect(await world.readSealed()).toEqual(world.legacy);
});

test('killed at random moments, adopting and emptying go on to the end, and lose nothing', {
  timeout: 240_000,
}, async () => {
  world = await adoptWorld({ rows: 200 });
  for (const own of [{}, finishing]) {
    const id = await plan({ ...own, batchSize: 5, rowsPerSecond: 200 });
    await applyWithKills(world, id, { kills: 10, within: 250 });
    expect(await world.readSealed()).toEqual(world.legacy);
  }
  const { rows } = await world.platform.query('select from app.account where legacy is not null');
  expect(rows).toHaveLength(0);
});
