import { afterEach, describe, expect, test } from 'vitest';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { loadCertificate } from '../../src/lib/operation/certificate-store.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { openPlatform } from '../../src/lib/platform/connection.ts';
import type { EraseContext } from '../../src/lib/subject/erase/index.ts';
import { placeHold, releaseHold } from '../../src/lib/subject/hold/index.ts';
import {
  offboardingOf,
  offboardOutcome,
  planOffboard,
  tenantOffboard,
} from '../../src/lib/subject/offboard/index.ts';
import { offboardReplayer } from '../../src/lib/subject/offboard/replayer.ts';
import {
  type EraseWorld,
  eraseHasher,
  eraseMap,
  eraseSchema,
  eraseWorld,
  wholePlatform,
} from '../support/erase-world.ts';
import { testDatabase } from '../support/postgres.ts';

let world: EraseWorld;
const dropped: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const drop of dropped.splice(0)) await drop();
  await world.close();
});

const endedOn = '2026-11-01';
const at = (day: string) => ({ clock: { now: () => new Date(`${day}T12:00:00Z`) } });

async function planOf(tenant: string, own: Partial<EraseContext> = {}) {
  const context = await world.context({ ...at('2026-11-20'), ...own });
  const { plan, inputs } = await planOffboard(context, { tenant, reason: 'end of contract', endedOn });
  await savePlan(context, plan);
  return { context, plan, inputs };
}

async function offboard(tenant: string, own: Partial<EraseContext> = {}) {
  const { context, plan, inputs } = await planOf(tenant, own);
  const { certificateId = '' } = await applyPlan(context, tenantOffboard, plan.id);
  const envelope = JSON.parse(await loadCertificate(world.pool, certificateId));
  const { predicate, predicateType } = JSON.parse(Buffer.from(envelope.payload, 'base64').toString());
  const done = await offboardOutcome(world.pool, plan);
  return { context, plan, inputs, done, predicate, predicateType };
}

const put = (key: string, body = 'x') => world.store.put(key, Buffer.from(body));
async function keysLeft(): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of world.store.listVersions('')) keys.push(key);
  return keys;
}

/** What tenant 1 leaves in the world of these tests. */
const leftOfOne = {
  tenant: ['(1,one)', '(2,two)'],
  account: ['(2,20,bob@example.org,bob@example.org,Bob,)'],
  alias: [],
  box: ['(200,20,in)'],
  // Nobody's names are taken out of what others hold.
  body: ['(2,"To: ann@example.org, bob@example.org")', '(3,"To Bob alone")'],
  copy: ['(3,200,2)', '(4,200,3)'],
  part: ['(2,3,a.pdf,p-shared)'],
  card_change: [expect.stringMatching(/^\(2,3,/)],
  log: ['(2026-01-02,1,20,"looked at ann@example.org twice")'],
  // Kept by law; the account that it named is gone.
  invoice: ['(1,R-1,,ann@example.org,2026-01-01)', '(2,R-1,20,bob@example.org,2026-01-01)'],
};

describe('a tenant that left', () => {
  test('all of it goes but what a law keeps; the other tenant stays byte for byte', async () => {
    world = await eraseWorld();
    for (const key of ['raw/k1.eml', 'raw/k1.eml', 'raw/k3.eml', 'part/p-shared', 'part/p-own'])
      await put(key);
    const before = await wholePlatform(world);
    const { done, predicate, predicateType, inputs } = await offboard('1');
    const after = await wholePlatform(world);
    expect(after).toMatchObject(leftOfOne);
    // A message that answered one of theirs loses the reference, as the database demands; else no byte changed.
    expect(after['mail']).toEqual(
      before['mail']
        ?.filter((row) => row.startsWith('(2,'))
        .map((row) => row.replace('(2,4,200,2,', '(2,4,200,,')),
    );
    expect(after['card']).toEqual(before['card']?.filter((row) => !row.startsWith('(1,')));
    for (const untied of ['check_result', 'seen']) expect(after[untied]).toEqual(before[untied]);
    expect(inputs.untied).toEqual(['app.check_result', 'app.seen']);
    expect(await keysLeft()).toEqual(['part/p-shared', 'raw/k3.eml']);
    expect(done).toMatchObject({ left: [], objectsLeft: [], objects: 2, versions: 3, rowsLate: 0 });
    expect(predicateType).toBe('urn:postern:predicate:tenant-offboard:v1');
    expect(predicate).toMatchObject({
      tenant: '1',
      clock: { endedOn, dueOn: '2026-12-01', inTime: true, deleted: true },
      retained: expect.arrayContaining([
        {
          table: 'app.invoice',
          rows: 1,
          because: 'law',
          law: '§ 147 AO',
          firstUntil: '2036-01-01T00:00:00.000Z',
          lastUntil: '2036-01-01T00:00:00.000Z',
        },
        { table: 'app.body', rows: 1, because: 'others share it' },
      ]),
      left: { rows: [], objects: [] },
    });
    expect(
      await world.query(`select relname from pg_class where relnamespace = 'postern_work'::regnamespace`),
    ).toEqual([]);
  });

  test('an older copy loses it again when it is restored; twice is the same as once', async () => {
    world = await eraseWorld();
    const copy = await testDatabase({ template: new URL(world.url).pathname.slice(1) });
    dropped.push(() => copy.drop());
    const { context } = await offboard('1');
    const replayer = offboardReplayer({
      map: () => context.map(),
      hasher: () => Promise.resolve(eraseHasher),
      pseudonym: () => context.pseudonym(),
      holds: () => Promise.resolve(undefined),
      now: () => new Date('2026-11-21'),
    });
    const { rows } = await world.pool.query(
      `select detail from postern.erasure where kind = 'tenant-offboard'`,
    );
    expect(rows).toEqual([{ detail: { tenant: '1' } }]);
    const platformOf = (url: string) =>
      wholePlatform({
        query: (sql) =>
          withConnection({ url, role: 'test' }, async (client) => (await client.query(sql)).rows),
      });
    for (const touched of [true, false]) {
      const done = await withConnection({ url: copy.url, role: 'test' }, async (client) => {
        await client.query('begin');
        const replayed = await replayer.replay(client, rows, { signal: new AbortController().signal });
        await client.query('commit');
        return replayed;
      });
      expect(done.rows > 0).toBe(touched);
      expect(await platformOf(copy.url)).toEqual(await wholePlatform(world));
    }
  });

  test('a law whose time is over keeps nothing; what is kept for another reason loses what is personal in it', async () => {
    world = await eraseWorld({
      schema: `${eraseSchema};
        alter table app.tenant add contact text, add more text[], add note text not null default 'about Ann';
        update app.tenant set contact = 'ann@example.org, x@x.example', more = '{ann@example.org,y@y.example}'`,
      map: eraseMap.replace(
        '    non_personal: [name]\n    erase: restrict',
        `    non_personal: [name]
    fields:
      contact: {type: text, parser: text, category: user.contact.email, identity: user.email, erase: {redact: address}}
      more: {type: 'text[]', category: user.contact.email, identity: user.email, erase: {redact: element}}
      note: {type: text, category: user.content, erase: {replace: gone}}
    erase: restrict`,
      ),
    });
    const { done } = await offboard('1', at('2037-01-01'));
    expect(await world.query('select number from app.invoice')).toEqual([{ number: 'R-1' }]);
    expect(await world.query('select * from app.tenant order by id')).toEqual([
      { id: 1, name: 'one', contact: null, more: null, note: 'gone' },
      {
        id: 2,
        name: 'two',
        contact: expect.stringContaining('ann@'),
        more: expect.any(Array),
        note: 'about Ann',
      },
    ]);
    expect(done?.left).toEqual([]);
  });
});

describe('holds', () => {
  test('one on a person keeps what is theirs with all that it needs; released, the next offboarding takes it', async () => {
    world = await eraseWorld();
    const db = await openPlatform(world.url);
    try {
      await placeHold(
        await world.context(),
        { db, map: world.map, hasher: eraseHasher },
        {
          who: ['jo@example.org'],
          rows: [],
          case: 'C-1',
          reason: 'a court asked',
          tables: [],
          tenant: undefined,
          reviewBy: undefined,
        },
      );
    } finally {
      await db.end();
    }
    const first = await offboard('1');
    // Who recommended them stays as well: their row refers to that one.
    const accounts = 'select id from app.account order by id';
    expect(await world.query(accounts)).toEqual([{ id: 10 }, { id: 11 }, { id: 20 }]);
    expect(await world.query('select id from app.alias')).toEqual([{ id: 2 }]);
    expect(await world.query('select id from app.mail where tenant_id = 1')).toEqual([{ id: 8 }]);
    expect(first.done?.left).toEqual([]);
    expect(first.predicate.holds).toContainEqual({ hold: 1, table: 'app.account', rows: 1 });
    await releaseHold(await world.context(), 1, 'case closed');
    await offboard('1');
    expect(await world.query('select id from app.account')).toEqual([{ id: 20 }]);
    const { rows } = await world.pool.query('select from postern.hold_deferral where resumed_by is null');
    expect(rows).toEqual([]);
  });
});

describe('what cannot be done', () => {
  test.each(['3', '01', "1' or true --", '', 'one'])('no tenant is called %j', async (tenant) => {
    world = await eraseWorld();
    await expect(planOf(tenant)).rejects.toMatchObject({ exitCode: 2, code: 'tenant-unknown' });
  });

  test('a tenant whose id is text with quotes in it, and another whose id it begins', async () => {
    world = await eraseWorld({
      schema: eraseSchema
        .replaceAll('tenant_id int', 'tenant_id text')
        .replace('app.tenant (id int', 'app.tenant (id text'),
    });
    await world.query(`insert into app.tenant values ('o''neil "&" co', 'three'), ('o', 'four');
      insert into app.account values ('o''neil "&" co', 30, 'x@x.example', 'x@x.example', 'X', null), ('o', 31, 'y@y.example', 'y@y.example', 'Y', null)`);
    const before = await wholePlatform(world);
    const { done } = await offboard(`o'neil "&" co`);
    expect(done).toMatchObject({ rowsDeleted: 1, left: [] });
    expect(await wholePlatform(world)).toEqual({
      ...before,
      account: before['account']?.filter((row) => !row.includes('x@x.example')),
    });
  });

  test('a row of another tenant that needs one of theirs is named, and nothing goes', async () => {
    world = await eraseWorld();
    await world.query(`insert into app.alias values (50, 10, 'shared@example.org');
      insert into app.card values (60, 2, 10, 'q@q.example', 'Q', null, 'BEGIN:VCARD')`);
    const before = await wholePlatform(world);
    await expect(planOf('1')).rejects.toMatchObject({
      exitCode: 6,
      code: 'erase-blocked',
      message: expect.stringMatching(/1 rows? of app\.card stays? and refers? to rows of app\.account/),
    });
    expect(await wholePlatform(world)).toEqual(before);
  });

  test('a row that came since the plan was made stops it', async () => {
    world = await eraseWorld();
    const { context, plan } = await planOf('1');
    await world.query(`insert into app.box values (102, 10, 'new')`);
    const before = await wholePlatform(world);
    await expect(applyPlan(context, tenantOffboard, plan.id)).rejects.toMatchObject({ code: 'plan-stale' });
    expect(await wholePlatform(world)).toEqual(before);
    expect((await world.pool.query('select from postern.erasure')).rows).toEqual([]);
  });
});

describe('the recount', () => {
  test('finds an object that no row names where the tenant’s keys begin, and the clock goes on', async () => {
    world = await eraseWorld({
      map: eraseMap.replace("key: 'raw/{object_key}.eml'", "key: 'raw/{tenant_id}/{object_key}.eml'"),
    });
    for (const key of ['raw/1/k1.eml', 'raw/1/forgotten.eml', 'raw/12/k1.eml', 'raw/2/k3.eml'])
      await put(key);
    const { done, predicate, context } = await offboard('1');
    expect(await keysLeft()).toEqual(['raw/1/forgotten.eml', 'raw/12/k1.eml', 'raw/2/k3.eml']);
    expect(done?.objectsLeft).toEqual([{ bucket: 'mail', objects: 1 }]);
    expect(predicate.clock.deleted).toBe(false);
    const entry = await offboardingOf(world.pool, context.profile, {
      tenant: '1',
      now: new Date('2026-12-02'),
    });
    expect(entry).toMatchObject({ deletedAt: null, verdict: 'overdue' });
  });

  test('finds rows that came after everything was deleted', async () => {
    world = await eraseWorld();
    const { context, plan } = await planOf('1');
    let isCounting = false;
    const late: EraseContext = {
      ...context,
      progress: {
        ...context.progress,
        step: (title) => {
          isCounting = title.startsWith('count what is left');
          return context.progress.step(title);
        },
      },
      // Asked for at the beginning of each step.
      pseudonym: async () => {
        if (isCounting)
          await world.query(
            `insert into app.account values (1, 99, 'late@example.org', 'late@example.org', 'Late', null)`,
          );
        return context.pseudonym();
      },
    };
    await applyPlan(late, tenantOffboard, plan.id);
    expect((await offboardOutcome(world.pool, plan))?.left).toEqual([{ table: 'app.account', rows: 1 }]);
  });
});
