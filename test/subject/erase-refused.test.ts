import { afterEach, describe, expect, test } from 'vitest';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { openPlatform } from '../../src/lib/platform/connection.ts';
import { eraseOutcome, planErase, subjectErase } from '../../src/lib/subject/erase/index.ts';
import { placeHold, releaseHold } from '../../src/lib/subject/hold/index.ts';
import { eraseMap, eraseSchema } from '../support/erase-platform.ts';
import { type EraseWorld, eraseHasher, eraseWorld, wholePlatform } from '../support/erase-world.ts';

let world: EraseWorld;
afterEach(() => world.close());

async function planAnn() {
  const context = await world.context();
  const seeds = world.seeds(['ann@example.org']);
  const { plan } = await planErase(context, { seeds, tenant: undefined, reason: 'test', request: undefined });
  await savePlan(context, plan);
  return { context, plan };
}

/** Refused with this code, and every row as it was. */
async function expectRefused(work: () => Promise<unknown>, code: string, message?: string | RegExp) {
  const before = await wholePlatform(world);
  await expect(work()).rejects.toMatchObject({
    exitCode: 6,
    code,
    ...(message === undefined ? {} : { message: expect.stringMatching(message) }),
  });
  expect(await wholePlatform(world)).toEqual(before);
}

describe('a plan that does not fit any more', () => {
  test('a row that came since stops it before anything is erased, and the ledger stays empty', async () => {
    world = await eraseWorld();
    const { context, plan } = await planAnn();
    await world.query(`insert into app.box values (102, 10, 'new')`);
    await expectRefused(() => applyPlan(context, subjectErase, plan.id), 'plan-stale', /the rows/);
    const { rows } = await world.pool.query('select from postern.erasure');
    expect(rows).toEqual([]);
    // Taken back, the same plan goes on.
    await world.query('delete from app.box where id = 102');
    await applyPlan(context, subjectErase, plan.id);
    expect((await eraseOutcome(world.pool, plan))?.rowsDeleted).toBe(16);
  });

  test('applied elsewhere, a spelling that stands nowhere means the same person', async () => {
    world = await eraseWorld();
    const context = await world.context();
    const seeds = world.seeds(['ANN+Tag@EXAMPLE.org', 'dora@d.example']);
    const { plan } = await planErase(context, {
      seeds,
      tenant: undefined,
      reason: 'test',
      request: undefined,
    });
    await savePlan(context, plan);
    await applyPlan(context, subjectErase, plan.id);
    expect((await eraseOutcome(world.pool, plan))?.rowsDeleted).toBe(16);
  });

  test('another name of the person is another plan', async () => {
    world = await eraseWorld();
    const { context, plan } = await planAnn();
    await world.query(`update app.alias set address = 'other@example.org' where id = 3`);
    await expectRefused(() => applyPlan(context, subjectErase, plan.id), 'plan-stale', /who is meant/);
  });

  test.each([
    ['a column', 'alter table app.card add nick text'],
    [
      'a trigger',
      'create trigger again before delete on app.card for each row execute function app.note_card()',
    ],
    [
      'what a foreign key does',
      'alter table app.part drop constraint part_mail_id_fkey; alter table app.part add constraint part_mail_id_fkey foreign key (mail_id) references app.mail on delete cascade',
    ],
  ])('%s that changed since is found before the first step', async (_, change) => {
    world = await eraseWorld();
    const { context, plan } = await planAnn();
    await world.query(change);
    await expectRefused(() => applyPlan(context, subjectErase, plan.id), 'plan-stale');
  });
});

describe('what cannot be erased as the map has it', () => {
  test.each<[string, string, string | RegExp]>([
    [
      'a table that the map does not know, and a cascade to it',
      'create table app.extra (id int primary key, account_id int references app.account on delete cascade)',
      'map-incomplete',
    ],
    [
      'a table without a primary key',
      'create table app.extra (account_id int references app.account)',
      'map-incomplete',
    ],
    [
      'a trigger that the map does not list',
      'create trigger again before delete on app.card for each row execute function app.note_card()',
      'map-incomplete',
    ],
    [
      'a rule that turns a delete into something else',
      'create rule keep as on delete to app.card do instead nothing',
      'map-incomplete',
    ],
  ])('%s', async (_, change, code) => {
    world = await eraseWorld();
    await world.query(change);
    await expectRefused(planAnn, code as string);
  });

  test('a map whose way to the owner goes round', async () => {
    world = await eraseWorld({
      map: eraseMap.replace(
        '    owner: tenant\n    references:\n',
        '    owner: home\n    references:\n      - {as: home, column: id, to: app.box.id, kind: soft}\n',
      ),
    });
    await expect(planAnn()).rejects.toMatchObject({
      code: 'map-incomplete',
      hints: expect.arrayContaining([expect.stringContaining('goes round')]),
    });
  });

  test('a row that must stay and must refer to one that goes', async () => {
    world = await eraseWorld({
      schema: `${eraseSchema}; alter table app.invoice alter account_id set not null`,
    });
    await expectRefused(planAnn, 'erase-blocked', /app\.invoice stay and refer to rows of app\.account/);
  });

  test('a cascade to rows that the map keeps', async () => {
    world = await eraseWorld({
      schema: `${eraseSchema};
        alter table app.invoice drop constraint invoice_account_id_fkey;
        alter table app.invoice add foreign key (account_id) references app.account on delete cascade`,
    });
    await expectRefused(planAnn, 'erase-blocked', /would delete 1 row that the plan keeps/);
  });

  test('a trigger that keeps what is deleted', async () => {
    world = await eraseWorld({
      schema: `${eraseSchema};
        create function app.soft() returns trigger language plpgsql as $$ begin return null; end $$;
        create trigger soft before delete on app.alias for each row execute function app.soft()`,
      map: eraseMap.replace('triggers:\n', 'triggers:\n  app.alias.soft: {effect: none}\n'),
    });
    const { context, plan } = await planAnn();
    await expect(applyPlan(context, subjectErase, plan.id)).rejects.toMatchObject({
      exitCode: 6,
      code: 'erase-not-kept',
    });
    expect(await world.query('select count(*)::int as n from app.alias')).toEqual([{ n: 3 }]);
  });

  test('a login that may not', async () => {
    world = await eraseWorld();
    await world.query(
      `do $$ begin create role erase_less login password 'less'; exception when duplicate_object then null; end $$`,
    );
    await world.query(
      'grant usage on schema app to erase_less; grant select on all tables in schema app to erase_less; grant pg_read_all_stats to erase_less',
    );
    const url = new URL(world.url);
    url.username = 'erase_less';
    url.password = 'less';
    const { openPlatformForChange } = await import('../../src/lib/platform/connection.ts');
    const context = await world.context({ openWriter: () => openPlatformForChange(url.toString()) });
    const seeds = world.seeds(['ann@example.org']);
    const options = { seeds, tenant: undefined, reason: 'test', request: undefined };
    await expect(planErase(context, options)).rejects.toMatchObject({
      code: 'role-cannot-write',
      hints: [expect.stringContaining('CREATE SCHEMA postern_work')],
    });
    await world.query('create schema postern_work authorization erase_less');
    await expect(planErase(context, options)).rejects.toMatchObject({
      code: 'role-cannot-write',
      message: expect.stringContaining('DELETE on app.account'),
    });
  });
});

describe('rings', () => {
  /** Two tables that refer to each other, where nothing may be null. */
  const ringed = (sql = '', triggers = '') => {
    const table = (name: string, other: string) => `  app.${name}:
    primary_key: [id]
    ownership: exclusive
    owner: account
    references:
      - {column: account_id, to: app.account.id, kind: fk}
      - {column: ${other}_id, to: app.${other}.id, kind: fk}
    erase: delete
`;
    return eraseWorld({
      schema: `${eraseSchema};
        create table app.one (id int primary key, account_id int not null references app.account, two_id int not null);
        create table app.two (id int primary key, account_id int not null references app.account, one_id int not null references app.one);
        alter table app.one add foreign key (two_id) references app.two deferrable;
        begin; set constraints all deferred;
        insert into app.one values (1, 10, 1), (2, 20, 2); insert into app.two values (1, 10, 1), (2, 20, 2);
        commit; ${sql}`,
      map: eraseMap.replace(
        'triggers:\n',
        `${table('one', 'two')}${table('two', 'one')}triggers:\n${triggers}`,
      ),
    });
  };

  test('tables that refer to each other go in one statement, and are counted', async () => {
    world = await ringed();
    const { context, plan } = await planAnn();
    await applyPlan(context, subjectErase, plan.id);
    expect(await world.query('select id from app.one union all select id from app.two')).toEqual([
      { id: 2 },
      { id: 2 },
    ]);
    expect((await eraseOutcome(world.pool, plan))?.rowsDeleted).toBe(18);
  });

  test('where triggers keep what is deleted, nothing is called done', async () => {
    world = await ringed(
      `create function app.soft() returns trigger language plpgsql as $$ begin return null; end $$;
       create trigger soft before delete on app.one for each row execute function app.soft();
       create trigger soft before delete on app.two for each row execute function app.soft()`,
      '  app.one.soft: {effect: none}\n  app.two.soft: {effect: none}\n',
    );
    const { context, plan } = await planAnn();
    await expect(applyPlan(context, subjectErase, plan.id)).rejects.toMatchObject({
      exitCode: 6,
      code: 'erase-not-kept',
    });
  });
});

describe('holds', () => {
  const hold = async (request: Partial<Parameters<typeof placeHold>[2]>) => {
    const db = await openPlatform(world.url);
    try {
      return await placeHold(
        await world.context(),
        { db, map: world.map, hasher: eraseHasher },
        {
          who: [],
          rows: [],
          case: 'M-1',
          reason: 'evidence',
          tables: [],
          tenant: undefined,
          reviewBy: undefined,
          ...request,
        },
      );
    } finally {
      await db.end();
    }
  };

  test('a row on hold stays with all that it needs; released, the next erasure takes it', async () => {
    world = await eraseWorld();
    await hold({ rows: ['app.part=1'] });
    const first = await planAnn();
    await applyPlan(first.context, subjectErase, first.plan.id);
    expect(await wholePlatform(world)).toMatchObject({
      account: expect.arrayContaining([expect.stringContaining('Ann@Example.org')]),
      box: expect.arrayContaining(['(100,10,in)']),
      part: ['(1,1,a.pdf,p-shared)', '(2,3,a.pdf,p-shared)'],
      mail: expect.not.arrayContaining([expect.stringContaining('(1,2,101')]),
    });
    expect((await eraseOutcome(world.pool, first.plan))?.left).toEqual([]);
    const released = await releaseHold(await world.context(), 1, 'case closed');
    expect(released).toMatchObject({ rowsWaiting: 1 });
    const again = await planAnn();
    await applyPlan(again.context, subjectErase, again.plan.id);
    expect(
      await world.query(
        `select id from app.account where id = 10 union all select id from app.part where id = 1`,
      ),
    ).toEqual([]);
    const { rows } = await world.pool.query('select from postern.hold_deferral where resumed_by is null');
    expect(rows).toEqual([]);
  });

  test('a hold on a person keeps what is theirs, and nobody else’s', async () => {
    world = await eraseWorld();
    await hold({ who: ['ann@example.org'], tables: ['app.alias'] });
    const { context, plan } = await planAnn();
    await applyPlan(context, subjectErase, plan.id);
    expect(plan.body.effects).toMatchObject({ 'rows on hold': 3 });
    expect(await world.query('select id from app.alias order by id')).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3 },
    ]);
    expect(await world.query('select id from app.box order by id')).toEqual([{ id: 110 }, { id: 200 }]);
  });

  test('what comes late for a person on hold is kept as well', async () => {
    world = await eraseWorld({
      schema: `${eraseSchema};
        create function app.again() returns trigger language plpgsql as $$
        begin insert into app.alias values (old.id + 50, 10, 'late@example.org'); return old; end $$;
        create trigger again after delete on app.card for each row execute function app.again()`,
      map: eraseMap.replace(
        'triggers:\n',
        'triggers:\n  app.card.again: {effect: copies-pii, to: app.alias}\n',
      ),
    });
    await hold({ who: ['ann@example.org'], tables: ['app.alias'] });
    const { context, plan } = await planAnn();
    await applyPlan(context, subjectErase, plan.id);
    expect(await world.query('select id from app.alias where account_id = 10 order by id')).toEqual([
      { id: 1 },
      { id: 3 },
      { id: 51 },
    ]);
  });

  test('one that is placed while the erasure is under way keeps what is there still', async () => {
    world = await eraseWorld();
    const { context, plan } = await planAnn();
    let placed = false;
    const slow = {
      ...context,
      progress: {
        ...context.progress,
        step: (title: string) => {
          if (title.startsWith('write the erasure')) placed = true;
          return context.progress.step(title);
        },
      },
      state: async () => {
        if (placed) {
          placed = false;
          await hold({ rows: ['app.alias=1'] });
        }
        return context.state();
      },
    };
    await applyPlan(slow, subjectErase, plan.id);
    expect(await world.query('select id from app.alias order by id')).toEqual([{ id: 1 }, { id: 2 }]);
    const { rows } = await world.pool.query(
      'select table_name, rows::int from postern.hold_deferral order by 1',
    );
    expect(rows).toContainEqual({ table_name: 'app.alias', rows: 1 });
  });
});
