import { afterEach, describe, expect, test } from 'vitest';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { openPlatform } from '../../src/lib/platform/connection.ts';
import { placeHold, releaseHold } from '../../src/lib/subject/hold/index.ts';
import { offboardReplayer } from '../../src/lib/subject/offboard/replayer.ts';
import { eraseMap, eraseSchema } from '../support/erase-platform.ts';
import { type EraseWorld, eraseHasher, eraseWorld, wholePlatform } from '../support/erase-world.ts';
import { testDatabase } from '../support/postgres.ts';
import { at, endedOn, offboarding } from './offboard-world.ts';

let world: EraseWorld;
const dropped: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const drop of dropped.splice(0)) await drop();
  await world.close();
});
const { keysLeft, offboard, put } = offboarding(() => world);

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

  test('a row that does not say since when its law counts is kept without an end', async () => {
    world = await eraseWorld();
    await world.query(
      `alter table app.invoice alter issued drop not null; insert into app.invoice values (1, 'R-9', 10, 'ann@example.org', null)`,
    );
    const { predicate } = await offboard('1');
    expect(predicate.retained).toContainEqual({
      table: 'app.invoice',
      rows: 2,
      because: 'law',
      law: '§ 147 AO',
      firstUntil: '2036-01-01T00:00:00.000Z',
      lastUntil: null,
    });
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
