import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { loadCertificate } from '../../src/lib/operation/certificate-store.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import type { EraseContext } from '../../src/lib/subject/erase/index.ts';
import { eraseOutcome, planErase, subjectErase } from '../../src/lib/subject/erase/index.ts';
import { eraseMap, eraseSchema } from '../support/erase-platform.ts';
import { type EraseWorld, eraseWorld, wholePlatform } from '../support/erase-world.ts';

let world: EraseWorld;
beforeEach(async () => {
  world = await eraseWorld();
});
afterEach(() => world.close());

const common = { tenant: undefined, reason: 'request 1', request: undefined };

async function planOf(persons: readonly (readonly string[])[], own: Partial<EraseContext> = {}) {
  const seeds = world.seeds(...persons);
  const context = await world.context({ subjects: seeds, ...own });
  const planned = await planErase(context, { ...common, seeds });
  await savePlan(context, planned.plan);
  return { context, ...planned };
}

async function erase(...who: readonly string[]) {
  const { context, plan, inputs } = await planOf([who]);
  const applied = await applyPlan(context, subjectErase, plan.id);
  return { plan, inputs, applied, done: await eraseOutcome(world.pool, plan) };
}

describe('one person', () => {
  test('what is hers goes; what others hold stays with them, byte for byte apart from her', async () => {
    const before = await wholePlatform(world);
    const { done } = await erase('ann@example.org');
    const after = await wholePlatform(world);
    expect(after).toMatchObject({
      account: [
        '(1,11,joann@example.org,joann@example.org,Jo,)',
        '(2,20,bob@example.org,bob@example.org,Bob,)',
      ],
      alias: ['(2,11,jo@example.org)'],
      box: ['(110,11,in)', '(200,20,in)'],
      body: ['(2,"To: erased@erased.invalid, bob@example.org")', '(3,"To Bob alone")'],
      copy: ['(3,200,2)', '(4,200,3)'],
      part: ['(2,3,a.pdf,p-shared)'],
      log: [
        '(2026-01-01,1,10,login)',
        '(2026-01-01,2,11,login)',
        '(2026-01-02,1,20,"looked at erased@erased.invalid twice")',
      ],
      seen: ['(3,bob@example.org)'],
      invoice: ['(1,R-1,,ann@example.org,2026-01-01)', '(2,R-1,20,bob@example.org,2026-01-01)'],
    });
    // Mail of others keeps all else; rows that do not name her are the same bytes.
    expect(after['mail']).toEqual([
      ...(before['mail'] ?? []).filter((row) => row.startsWith('(1,8,')),
      '(2,3,200,,{bob@example.org},"Subject: hello",,{},k3)',
      `(2,4,200,,{},"To: <erased@erased.invalid>,\r\n b@b.example\r\nX: y",,{},)`,
      expect.stringMatching(/^\(2,5,200,,\{\},x,/),
      `(2,6,200,,{},x,,"{""to"": [{}, {""a"": ""b@b.example""}]}",)`,
      ...(before['mail'] ?? []).filter((row) => row.startsWith('(2,7,')),
    ]);
    expect(after['busy']?.join(' ')).not.toMatch(/[{(,]ann@example.org,/);
    expect(done?.left).toEqual([]);
    expect(done?.kept.map(({ place, column }) => `${place} ${column}`)).toEqual([
      'app.invoice email',
      'statistics of app.invoice email',
    ]);
  });

  test('an entry of an address book that speaks of her is emptied, and what a trigger copied of it too', async () => {
    await erase('ann@example.org');
    expect(await world.query('select id, email, full_name, phone, card from app.card order by id')).toEqual([
      {
        id: 2,
        email: expect.stringMatching(/^erased-[0-9a-f]{16}@erased\.invalid$/),
        full_name: 'erased',
        phone: null,
        card: expect.not.stringContaining('Ann'),
      },
      { id: 3, email: 'dora@d.example', full_name: 'Dora', phone: null, card: 'BEGIN:VCARD' },
    ]);
    expect(await world.query('select card_id, was from app.card_change order by id')).toEqual([
      { card_id: 3, was: { name: 'D', email: 'x@d.example' } },
      { card_id: 2, was: {} },
    ]);
  });

  test('a row that refers to her, or to what was hers, loses what the map has a rule for', async () => {
    await erase('ann@example.org');
    expect(await world.query('select id, author, ip, detail from app.note order by id')).toEqual([
      { id: 1, author: '(erased)', ip: null, detail: { action: 'login' } },
      { id: 2, author: '(erased)', ip: null, detail: { action: 'sent' } },
      { id: 3, author: 'Bob', ip: '192.0.2.2', detail: { ip: '192.0.2.2' } },
      {
        id: 4,
        author: 'Bob',
        ip: null,
        detail: { text: 'called erased@erased.invalid, and joann@example.org' },
      },
    ]);
  });

  test('a pseudonym stands where the map says so', async () => {
    await erase('ann@example.org');
    expect(await world.query('select email from app.check_result order by id')).toEqual([
      { email: expect.stringMatching(/^p1\.[a-z2-7]{24}@pseudonym\.invalid$/) },
      { email: 'bob@example.org' },
    ]);
  });

  test('the plan names nobody, and the certificate says what was kept and why', async () => {
    const { plan, applied } = await erase('ann@example.org');
    expect(plan.text).not.toMatch(/ann@|Ann|@example\.org/);
    const envelope = JSON.parse(await loadCertificate(world.pool, applied.certificateId ?? ''));
    const statement = Buffer.from(envelope.payload, 'base64').toString();
    expect(statement).not.toMatch(/ann@|Ann /);
    expect(JSON.parse(statement).predicate).toMatchObject({
      persons: 1,
      late: 1,
      kept: expect.arrayContaining([
        { table: 'app.invoice', rows: 1, because: 'the data map restricts it', law: '§ 147 AO' },
        { table: 'app.invoice', column: 'email', reason: 'invoices are kept as issued', rows: 1 },
        {
          table: 'app.log',
          rows: 1,
          because: 'it has nothing of the person but a key that referred to them',
        },
      ]),
      triggers: [{ name: 'app.card.note_card', effect: 'copies-pii', to: ['app.card_change'] }],
    });
    // Nothing of the work is left behind.
    expect(
      await world.query(`select relname from pg_class where relnamespace = 'postern_work'::regnamespace`),
    ).toEqual([]);
  });

  test('whoever is only mentioned is taken out where others keep rows', async () => {
    const { plan, done } = await erase('dora@d.example');
    expect(plan.body.effects).toMatchObject({ 'rows redacted': 1 });
    expect(await world.query('select full_name from app.card where id = 3')).toEqual([
      { full_name: 'erased' },
    ]);
    expect(done?.left).toEqual([]);
  });

  test('an address in capitals, with a tag, or with its domain in Unicode is the same person', async () => {
    const { plan } = await erase('ANN+Tag@EXAMPLE.org');
    expect(plan.body.effects).toMatchObject({ 'rows deleted': 16 });
    const other = await planOf([['a.nn@münster.example']]).catch((error: Error) => error.message);
    expect(other).toMatch(/nothing was found/);
  });

  test('by the alias alone the same person is found', async () => {
    const { plan } = await erase('a.nn@münster.example');
    expect(plan.body.effects).toMatchObject({ 'rows deleted': 16, 'persons erased': 1 });
  });
});

test('of a row that another owns too, only what names her is taken, also where the map redacts it', async () => {
  await world.close();
  world = await eraseWorld({
    schema: `${eraseSchema}; alter table app.body add title text; update app.body set title = 'Title ' || id`,
    map: eraseMap.replace(
      '    fields: {content: {type: text, parser: text, category: user.content, erase: {redact: address}}}\n    erase: {when_last_owner: delete, else: detach}',
      '    fields:\n      content: {type: text, parser: text, category: user.content, erase: {redact: address}}\n      title: {type: text, category: user.content, erase: {replace: gone}}\n    erase: {when_last_owner: delete, else: redact}',
    ),
  });
  await erase('ann@example.org');
  expect(await world.query('select * from app.body order by id')).toEqual([
    { id: 2, content: 'To: erased@erased.invalid, bob@example.org', title: 'Title 2' },
    { id: 3, content: 'To Bob alone', title: 'Title 3' },
  ]);
});

describe('objects', () => {
  const put = (key: string, body: string) => world.store.put(key, Buffer.from(body));
  const keysLeft = async () => {
    const keys: string[] = [];
    for await (const { key, isDeleteMarker } of world.store.listVersions(''))
      keys.push(`${key}${isDeleteMarker ? ' gone' : ''}`);
    return keys;
  };

  test('every version and delete marker goes; what another row names stays', async () => {
    await put('raw/k1.eml', 'one');
    await put('raw/k1.eml', 'two');
    await world.store.delete('raw/k1.eml');
    await put('raw/k1.eml.bak', 'a longer key');
    await put('raw/k3.eml', 'To: press@example.org, zoe@example.org');
    await put('raw/k3.eml', 'To: "Press" <press@example.org>,\r\n bob@example.org\r\n\r\nHello');
    await put('part/p-shared', 'shared');
    await put('part/p-own', 'own');
    const { done } = await erase('ann@example.org');
    expect(await keysLeft()).toEqual(['part/p-shared', 'raw/k1.eml.bak', 'raw/k3.eml']);
    expect(done).toMatchObject({ objects: 2, versions: 4, objectsRetained: 0 });
    // Of what others keep, every version that named her is gone, and the newest says all else that it said.
    expect(done?.objectsNaming).toEqual([]);
    expect(Buffer.from(await world.store.get('raw/k3.eml')).toString()).toBe(
      'To: <erased@erased.invalid>,\r\n bob@example.org\r\n\r\nHello',
    );
  });

  test('one that is missing is no error; one under a lock stays and is told', async () => {
    await world.store.put('raw/k1.eml', Buffer.from('locked'), {
      retention: { mode: 'compliance', until: new Date(Date.now() + 86_400_000) },
    });
    const { done } = await erase('ann@example.org');
    expect(await keysLeft()).toEqual(['raw/k1.eml']);
    expect(done).toMatchObject({ objects: 0, objectsRetained: 1 });
  });

  test('without a store for a bucket nothing is planned', async () => {
    await expect(planOf([['ann@example.org']], { buckets: () => Promise.resolve([]) })).rejects.toMatchObject(
      {
        exitCode: 6,
        code: 'erase-blocked',
        message: expect.stringContaining('subjects.buckets'),
      },
    );
  });
});

describe('many persons', () => {
  test('a body that two shared goes with both', async () => {
    const { context, plan } = await planOf([['ann@example.org'], ['bob@example.org']]);
    await applyPlan(context, subjectErase, plan.id);
    expect(plan.body.effects).toMatchObject({ 'persons erased': 2 });
    expect(await wholePlatform(world)).toMatchObject({ body: [], copy: [], box: ['(110,11,in)'] });
    expect((await eraseOutcome(world.pool, plan))?.left).toEqual([]);
  });

  test('an alias of two persons stops it', async () => {
    await world.query(`insert into app.alias values (9, 20, 'press@example.org')`);
    await expect(planOf([['ann@example.org']])).rejects.toMatchObject({
      exitCode: 0 + 6,
      code: 'subject-ambiguous',
    });
    await expect(planOf([['joann@example.org'], ['press@example.org']])).rejects.toMatchObject({
      code: 'subject-ambiguous',
      message: expect.stringContaining('person 2'),
    });
  });

  test('nobody is nobody', async () => {
    await expect(planOf([['nobody@example.org']])).rejects.toMatchObject({
      exitCode: 2,
      code: 'subject-unknown',
    });
  });
});
