import { afterEach, expect, test } from 'vitest';
import { finishHmac, type HmacOptions, planHmac, rotateHmac } from '../../src/lib/key/hmac/index.ts';
import { unlimited } from '../../src/lib/key/walk/bearable.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { loadPlan, savePlan } from '../../src/lib/operation/plan-store.ts';
import { type HmacWorld, hmacWorld, type Version } from '../support/hmac-world.ts';
import { applyWithKills } from '../support/walk-kills.ts';

let world: HmacWorld;
afterEach(() => world.close());

const options: HmacOptions = {
  keyring: undefined,
  mode: 'new',
  kek: null,
  windowSeconds: null,
  writerCacheSeconds: 0,
  batchSize: 10,
  workers: 2,
  rowsPerSecond: null,
  bearable: unlimited,
  kmsRequestsPerSecond: null,
};
const finishing = { mode: 'finish', windowSeconds: 0 } as const;

async function plan(own: Partial<HmacOptions> = {}): Promise<string> {
  const context = await world.hmacContext();
  const { plan: made } = await planHmac(context, { ...options, ...own });
  if (made === undefined) throw new Error('nothing to do');
  await savePlan(context, made);
  return made.id;
}

async function apply(id: string): Promise<void> {
  const { body } = await loadPlan(world.state.pool, id);
  const kind = body.kind === rotateHmac.kind ? rotateHmac : finishHmac;
  await applyPlan(await world.hmacContext(), kind, id);
}

/** Writes addresses at random, with versions that it keeps in memory for so long, until it is stopped. */
function application(cacheMs: number, expected: Map<number, string | null>) {
  const stop = new AbortController();
  let writes = 0;
  const running = (async () => {
    let known: readonly Version[] = [];
    let readAt = Number.NEGATIVE_INFINITY;
    while (!stop.signal.aborted) {
      if (performance.now() - readAt >= cacheMs) {
        readAt = performance.now();
        known = await world.liveVersions();
      }
      const id = Math.floor(Math.random() * world.emails.size);
      const email = writes % 7 === 0 ? null : `Written.${writes}@into.${id}.example`;
      // An address stands in one row alone, as the unique indexes have it.
      await world.writeEmail(id, email, known);
      expected.set(id, email);
      writes += 1;
    }
  })();
  return async (): Promise<number> => {
    stop.abort();
    await running;
    return writes;
  };
}

const addresses = async () => {
  const { rows } = await world.platform.query('select id, email from app.account');
  return new Map(rows.map(({ id, email }) => [id, email]));
};

test('applications that write all the while leave no row with a wrong hash, in five rotations with their ends', {
  timeout: 240_000,
}, async () => {
  world = await hmacWorld({ rows: 60 });
  const expected = new Map<number, string | null>(world.emails);
  for (let run = 0; run < 5; run += 1) {
    const stop = application(600, expected);
    await apply(await plan({ writerCacheSeconds: 1 }));
    expect(await world.wrong()).toEqual([]);
    await apply(await plan({ ...finishing, writerCacheSeconds: 1 }));
    expect(await stop()).toBeGreaterThan(50);
    expect(await world.wrong()).toEqual([]);
    const old = run % 2 === 0 ? 'odd' : 'even';
    expect(await world.counts()).toMatchObject({ [`email_${old}`]: 0, [`secret_${old}`]: 0 });
  }
  expect(await addresses()).toEqual(expected);
  expect((await world.versions()).at(-1)).toEqual({ version: 6, state: 'active' });
});

test('a row that changes between reading and writing is read again, and never written over', async () => {
  world = await hmacWorld({ rows: 10 });
  const context = await world.hmacContext();
  const id = await plan();
  let changes = 0;
  await applyPlan(
    {
      ...context,
      openDataKey: async (version) => {
        // The batch of tokens has been read when the data keys of its persons are asked for.
        if (version.subject !== '' && changes === 0) {
          changes += 1;
          const [token = ''] = world.tokens.keys();
          const [person = '', name = ''] = token.split('/');
          const value = await world.seal(person, name, 'changed under the walk');
          await world.platform.query(
            `update app.token set secret = $3, key_id = encode(substr($3::bytea, 7, 16), 'hex')::uuid
             where person_id = $1 and name = $2`,
            [person, name, value],
          );
        }
        return context.openDataKey(version);
      },
    },
    rotateHmac,
    id,
  );
  const { rows } = await world.state.pool.query('select sum(moved)::int as moved from postern.key_walk_part');
  expect(rows).toEqual([{ moved: 1 }]);
  expect((await world.wrong()).filter((text) => text.endsWith('version 2'))).toEqual([]);
});

test('a writer that knew only the old version is caught up with before the new one counts', async () => {
  world = await hmacWorld({ rows: 10 });
  const old = await world.liveVersions();
  const context = await world.hmacContext();
  const id = await plan();
  const done = async (step: number) =>
    (
      await world.state.pool.query(
        `select from postern.plan_journal where plan_id = $1 and event = 'done' and step = $2`,
        [id, step],
      )
    ).rowCount === 1;
  const written = new Set<number>();
  await applyPlan(
    {
      ...context,
      openWriter: async () => {
        // After the filling of the column (step 2), and after the next version became active (step 6).
        for (const step of [2, 6]) {
          if (written.has(step) || !(await done(step))) continue;
          written.add(step);
          await world.writeEmail(step, `late.${step}@example.org`, old);
        }
        return context.openWriter();
      },
    },
    rotateHmac,
    id,
  );
  expect(written).toEqual(new Set([2, 6]));
  expect(await world.wrong()).toEqual([]);
  const { rows } = await world.state.pool.query(
    `select sum((detail ->> 'late')::int)::int as late from postern.plan_journal where plan_id = $1 and event = 'done'`,
    [id],
  );
  expect(rows).toEqual([{ late: 2 }]);
});

/** When a step of a plan was first begun, or ended; milliseconds. */
async function timeOf(planId: string, event: 'intent' | 'done', step: number): Promise<number> {
  const { rows } = await world.state.pool.query(
    `select extract(epoch from min(at))::float8 * 1000 as at from postern.plan_journal
     where plan_id = $1 and event = $2 and step = $3`,
    [planId, event, step],
  );
  return rows[0]?.at;
}

test('nothing is filled, settled or emptied before every application knows of the versions as they are', async () => {
  world = await hmacWorld({ rows: 3 });
  const rotation = await plan({ writerCacheSeconds: 1 });
  await apply(rotation);
  // make, await, fill, fill, verify, verify, activate, await, settle, settle
  expect((await timeOf(rotation, 'intent', 2)) - (await timeOf(rotation, 'done', 0))).toBeGreaterThan(990);
  expect((await timeOf(rotation, 'intent', 8)) - (await timeOf(rotation, 'done', 6))).toBeGreaterThan(990);
  const finish = await plan({ ...finishing, writerCacheSeconds: 1 });
  await apply(finish);
  // check, check, drain, await, clear, clear
  expect((await timeOf(finish, 'intent', 4)) - (await timeOf(finish, 'done', 2))).toBeGreaterThan(990);
});

test('a wait that was broken off is not begun again from its start', async () => {
  world = await hmacWorld({ rows: 3 });
  const id = await plan({ writerCacheSeconds: 3600 });
  const stop = new AbortController();
  const context = await world.hmacContext({ signal: stop.signal });
  const waiting = applyPlan(
    {
      ...context,
      // Its beginning is on record when it is told.
      progress: { ...context.progress, detail: () => stop.abort(new Error('stopped')) },
    },
    rotateHmac,
    id,
  );
  await expect(waiting).rejects.toThrow();
  let offset = 0;
  const clock = { now: () => new Date(Date.now() + offset) };
  offset = 3_600_000;
  const later = new AbortController();
  const goingOn = await world.hmacContext({ clock, signal: later.signal });
  const second = applyPlan(
    {
      ...goingOn,
      // The first wait is over; the second one has its own beginning.
      progress: { ...goingOn.progress, detail: () => later.abort(new Error('stopped')) },
    },
    rotateHmac,
    id,
  );
  await expect(second).rejects.toThrow();
  expect(await world.versions()).toContainEqual({ version: 2, state: 'active' });
  offset = 7_300_000;
  await applyPlan(await world.hmacContext({ clock }), rotateHmac, id);
  expect(await world.wrong()).toEqual([]);
});

test('killed at random moments, rotating and finishing go on to the end, and every hash is right', {
  timeout: 280_000,
}, async () => {
  world = await hmacWorld({ rows: 150 });
  for (const own of [{}, finishing]) {
    const id = await plan({ ...own, batchSize: 5, rowsPerSecond: 400 });
    await applyWithKills(world, id, { kills: 12, within: 400 });
    expect(await world.wrong()).toEqual([]);
  }
  expect(await world.versions()).toEqual([
    { version: 1, state: 'drained' },
    { version: 2, state: 'active' },
  ]);
  expect(await world.counts()).toEqual({ email_odd: 0, email_even: 150, secret_odd: 0, secret_even: 12 });
});

test('killed at every step, before its end is on record, the plan goes on there', {
  timeout: 200_000,
}, async () => {
  world = await hmacWorld({ rows: 10 });
  for (const own of [{}, finishing]) {
    const id = await plan(own);
    const { body } = await loadPlan(world.state.pool, id);
    const kind = body.kind === rotateHmac.kind ? rotateHmac : finishHmac;
    for (const step of body.steps.keys()) {
      // The step's work is done, and the process ends before that is written down.
      const dying = {
        ...kind,
        applyStep: async (...given: Parameters<typeof kind.applyStep>) => {
          const result = await kind.applyStep(...given);
          if (given[2] === step) throw new Error('killed');
          return result;
        },
      };
      await expect(applyPlan(await world.hmacContext(), dying, id)).rejects.toThrow('killed');
    }
    await apply(id);
    expect(await world.wrong()).toEqual([]);
  }
  expect(await world.counts()).toMatchObject({ email_odd: 0, email_even: 10 });
  const { rows } = await world.platform.query('select count(*)::int from app.index_key');
  expect(rows).toEqual([{ count: 2 }]);
});
