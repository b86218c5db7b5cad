import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../src/lib/base/postgres.ts';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { loadCertificate } from '../../src/lib/operation/certificate-store.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { openPlatform } from '../../src/lib/platform/connection.ts';
import { placeHold } from '../../src/lib/subject/hold/index.ts';
import { objectFor } from '../../src/lib/subject/objection/index.ts';
import {
  planRectify,
  type RectifyContext,
  type RectifyOptions,
  rectifyOutcome,
  subjectRectify,
} from '../../src/lib/subject/rectify/index.ts';
import {
  type EraseWorld,
  eraseHasher,
  eraseMap,
  eraseSchema,
  eraseWorld,
  wholePlatform,
} from '../support/erase-world.ts';

let world: EraseWorld;
let folder: string;
beforeEach(async () => {
  world = await eraseWorld();
  folder = await mkdtemp(join(tmpdir(), 'postern-rectify-'));
});
afterEach(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

const renamed = { who: ['ann@example.org'], from: 'ann@example.org', to: 'Anna@New.example' };
const common = {
  field: null,
  everywhere: false,
  tenant: undefined,
  reason: 'request 18',
  request: undefined,
  valuesFile: null,
  values: renamed,
} satisfies RectifyOptions;

async function planOf(own: Partial<RectifyOptions> = {}, of: EraseWorld = world) {
  const options = { ...common, ...own };
  const context: RectifyContext = { ...(await of.context()), values: options.values };
  const planned = await planRectify(context, options);
  await savePlan(context, planned.plan);
  return { context, ...planned };
}

async function rectify(own: Partial<RectifyOptions> = {}) {
  const { context, plan, inputs } = await planOf(own);
  const applied = await applyPlan(context, subjectRectify, plan.id);
  return { plan, inputs, applied, ...(await rectifyOutcome(world.pool, plan)) };
}

const failing = (own: Partial<RectifyOptions>, of: EraseWorld = world) =>
  planOf(own, of).then(
    () => undefined,
    (error: { code?: string; message: string }) => ({ code: error.code, message: error.message }),
  );

describe('a name that changes', () => {
  test('changes in her row, in its normal form beside it, and in what is hers; rows of others stay', async () => {
    const before = await wholePlatform(world);
    const { corrected, inputs } = await rectify();
    const after = await wholePlatform(world);
    expect(after).toEqual({
      ...before,
      account: [
        '(1,10,Anna@New.example,anna@new.example,"Ann Example",)',
        ...(before['account'] ?? []).slice(1),
      ],
      body: ['(1,"To Ann alone")', '(2,"To: Anna@New.example, bob@example.org")', '(3,"To Bob alone")'],
      busy: expect.arrayContaining(['(anna@new.example,1)']),
      mail: (before['mail'] ?? []).map((row) => row.replace('ann+news@example.org', 'Anna@New.example')),
    });
    expect(corrected).toEqual([
      { place: 'app.account.email', rows: 1 },
      { place: 'app.account.email_key', rows: 1 },
      { place: 'app.mail.recipients', rows: 1 },
      { place: 'app.body.content', rows: 1 },
    ]);
    expect(
      inputs.places
        .filter(({ action }) => action === 'leave')
        .map(({ table, column }) => `${table}.${column}`),
    ).toEqual([
      'app.mail.head',
      'app.mail.raw',
      'app.mail.meta',
      'app.card.email',
      'app.card.card',
      'app.log.line',
      'app.check_result.email',
      'app.note.detail',
      'app.seen.email',
      'app.invoice.email',
    ]);
    expect(inputs.toTell).toEqual([
      { kind: 'table', name: 'app.log', rows: 1 },
      { kind: 'table', name: 'app.check_result', rows: 1 },
      { kind: 'table', name: 'app.note', rows: 1 },
      { kind: 'table', name: 'app.seen', rows: 2 },
      { kind: 'table', name: 'app.invoice', rows: 1 },
    ]);
  });

  test('everywhere: in messages, bytes, documents and cards of others too, but for what the map keeps', async () => {
    const { inputs, corrected } = await rectify({ everywhere: true });
    const after = await wholePlatform(world);
    const all = JSON.stringify({ ...after, invoice: [], card_change: [] }).toLowerCase();
    expect(all.replaceAll(/joann@example|x-ann@example|ann@example\.org\.uk/g, '')).not.toContain(
      'ann@example.org',
    );
    expect(after['mail']).toEqual(
      expect.arrayContaining(
        [
          `(2,4,200,2,{},"To: ""Ann Example"" <Anna@New.example>,\r\n b@b.example\r\nX: y",,{},)`,
          '(2,6,200,,{},x,,"{""to"": [{""a"": ""Anna@New.example""}, {""a"": ""b@b.example""}]}",)',
          '(2,7,200,,"{joann@example.org,ann@example.org.uk}","To: ann@example.org.uk, joann@example.org, x-ann@example.org",,{},)',
        ].map((row) =>
          row.startsWith('(2,7') ? expect.stringContaining('joann@example.org,ann@example.org.uk') : row,
        ),
      ),
    );
    expect(after['card']?.[1]).toContain('EMAIL:Anna@New.example');
    expect(after['card']?.[1]).toContain('Ann Example');
    expect(after['invoice']?.[0]).toContain('ann@example.org');
    // What the trigger wrote of the old row is not the person's name any more either.
    expect(after['card_change']?.join(' ')).not.toContain('"ann@example.org"');
    expect(inputs.triggers).toEqual([
      { name: 'app.card.note_card', effect: 'copies-pii', to: ['app.card_change'] },
    ]);
    expect(inputs.places).toContainEqual({
      table: 'app.invoice',
      column: 'email',
      whose: 'others',
      rows: 1,
      action: 'keep',
    });
    expect(corrected).toContainEqual({ place: 'app.mail.raw', rows: 1 });
  });

  test('done again it finds nothing; by the new name what is left of the old one is found', async () => {
    await rectify();
    expect(await failing({})).toMatchObject({ code: 'name-taken' });
    const again = { ...renamed, who: ['anna@new.example'] };
    expect(await failing({ values: again })).toMatchObject({ code: 'rectify-nothing' });
    const { corrected } = await rectify({ values: again, everywhere: true });
    expect(corrected).toContainEqual({ place: 'app.card.email', rows: 1 });
  });

  test('within one tenant changes nothing of another one', async () => {
    const { corrected } = await rectify({ everywhere: true, tenant: '1' });
    const after = await wholePlatform(world);
    expect(after['card']?.[1]).toContain('ann@example.org');
    expect(after['account']?.[0]).toContain('Anna@New.example');
    expect(corrected?.filter(({ place }) => place.startsWith('app.mail'))).toEqual([
      { place: 'app.mail.recipients', rows: 1 },
    ]);
  });

  test('an alias changes alone', async () => {
    await rectify({ values: { ...renamed, from: 'PRESS@example.org', to: 'media@new.example' } });
    expect((await wholePlatform(world))['alias']).toContain('(3,10,media@new.example)');
    expect((await wholePlatform(world))['account']?.[0]).toContain('Ann@Example.org');
  });
});

describe('a field', () => {
  const field = { table: 'app.account', column: 'name' };
  const values = { who: ['ann@example.org'], to: 'Anna "A" Exámple' };

  test('of her own row is set, and nothing else', async () => {
    const before = await wholePlatform(world);
    const { corrected } = await rectify({ field, values });
    expect(corrected).toEqual([{ place: 'app.account.name', rows: 1 }]);
    const after = await wholePlatform(world);
    expect(after['account']?.[0]).toBe('(1,10,Ann@Example.org,ann@example.org,"Anna ""A"" Exámple",)');
    expect({ ...after, account: [] }).toEqual({ ...before, account: [] });
    expect(await failing({ field, values })).toMatchObject({ code: 'rectify-nothing' });
  });

  test.each([
    [{ table: 'app.account', column: 'email' }, /is a name of the person/],
    [{ table: 'app.account', column: 'tenant_id' }, /is no field/],
    [{ table: 'app.nothing', column: 'name' }, /is no field/],
    [{ table: 'app.mail', column: 'head' }, /several persons/],
    [{ table: 'app.card', column: 'card' }, /no plain text/],
    [{ table: 'app.card_change', column: 'was' }, /no plain text/],
  ])('%j cannot be set', async (wrong, message) => {
    expect(await failing({ field: wrong, values })).toMatchObject({
      code: 'rectify-field',
      message: expect.stringMatching(message),
    });
  });
});

describe('a name that the database makes', () => {
  const made = (expression: string) =>
    eraseWorld({
      schema: `${eraseSchema}
        alter table app.account add local text, add domain text;
        update app.account set local = split_part(email, '@', 1), domain = split_part(email, '@', 2);
        alter table app.account drop email;
        alter table app.account add email text generated always as (${expression}) stored;`,
      map: eraseMap.replace(
        'name: {type: text, category: user.name}\n    erase: delete\n  app.alias',
        'name: {type: text, category: user.name}\n      local: {type: text, category: user.contact.email}\n    non_personal: [domain]\n    erase: delete\n  app.alias',
      ),
    });

  test('of its halves is right when they are', async () => {
    const other = await made("local || '@' || domain");
    try {
      const { context, plan } = await planOf({}, other);
      await applyPlan(context, subjectRectify, plan.id);
      expect(
        await other.query('select local, domain, email, email_key from app.account where id = 10'),
      ).toEqual([
        { local: 'Anna', domain: 'New.example', email: 'Anna@New.example', email_key: 'anna@new.example' },
      ]);
      expect((await rectifyOutcome(other.pool, plan)).corrected).toContainEqual({
        place: 'app.account.local',
        rows: 1,
      });
    } finally {
      await other.close();
    }
  });

  test('of nothing that holds them is refused', async () => {
    const constant = await made("case when id = 10 then 'Ann@Example.org' else id::text || '@y.example' end");
    const padded = await made("trim(local) || '@' || domain");
    try {
      expect(await failing({}, constant)).toMatchObject({
        code: 'rectify-blocked',
        message: expect.stringContaining('app.account.email is made by the database'),
      });
      await padded.query(`update app.account set local = ' ' || local where id = 10`);
      const { context, plan } = await planOf({ values: { ...renamed, to: 'anna@example.org' } }, padded);
      await expect(applyPlan(context, subjectRectify, plan.id)).rejects.toMatchObject({
        code: 'rectify-made',
      });
    } finally {
      await constant.close();
      await padded.close();
    }
  });
});

test('rows by the thousand, in tables with a key of several columns too', { timeout: 60_000 }, async () => {
  await world.query(`insert into app.log select '2026-02-01'::date + n % 7, n, 20, case when n % 5 < 4 then 'saw ann@example.org' else 'nothing' end from generate_series(100, 2099) n;
    insert into app.mail select 1, n, 100, null, '{ann@example.org,b@c.example}', 'x', null, '{}', null from generate_series(100, 1799) n`);
  const { corrected } = await rectify({ everywhere: true });
  expect(corrected).toContainEqual({ place: 'app.log.line', rows: 1601 });
  expect(corrected).toContainEqual({ place: 'app.mail.recipients', rows: 1701 });
  expect(
    await world.query(`select count(*)::int as rows from app.log where line like '%ann@example.org%'`),
  ).toEqual([{ rows: 0 }]);
  expect(
    await world.query(
      `select count(*)::int as rows from app.mail where recipients @> '{Anna@New.example,b@c.example}'`,
    ),
  ).toEqual([{ rows: 1700 }]);
});

describe('nothing is changed', () => {
  test.each([
    [{ ...renamed, to: 'bob@example.org' }, 'name-taken'],
    [{ ...renamed, to: 'JO@example.org' }, 'name-taken'],
    [{ ...renamed, from: 'bob@example.org' }, 'name-not-theirs'],
    [{ ...renamed, to: 'no address' }, 'address-invalid'],
    [{ ...renamed, from: 'nobody@example.org' }, 'rectify-nothing'],
    [{ who: ['user.id=10'], from: 'user.id=10', to: '12' }, 'rectify-blocked'],
  ])('by %j', async (values, code) => {
    const before = await wholePlatform(world);
    expect(await failing({ values })).toMatchObject({ code });
    expect(await wholePlatform(world)).toEqual(before);
  });

  test('where the reason names the person, in either way', async () => {
    expect(await failing({ reason: 'ann@example.org asked' })).toMatchObject({ code: 'text-names-person' });
    expect(await failing({ reason: 'to anna@new.example' })).toMatchObject({ code: 'text-names-person' });
  });

  test('where a column is hashed, compared by a foreign key, or unique', async () => {
    const other = await eraseWorld({
      schema: `${eraseSchema}
        alter table app.account add email_odd bytea, add email_even bytea;
        create table app.keys (id uuid primary key, version int, state text, kek text, wrapped bytea);`,
      map: eraseMap
        .replace(
          'name: {type: text, category: user.name}\n    erase: delete\n  app.alias',
          `name: {type: text, category: user.name}
      email_odd: {type: bytea, hmac: {of: email, key: app.keys.wrapped, versions: odd}, erase: set-null}
      email_even: {type: bytea, hmac: {of: email, key: app.keys.wrapped, versions: even}, erase: set-null}
    erase: delete
  app.keys:
    primary_key: [id]
    ownership: third-party
    non_personal: [version, state, kek, wrapped]
  app.alias`,
        )
        .replace(
          'triggers:',
          'keyrings:\n  app.keys: {id: id, version: version, state: state, kek: kek, wrapped: wrapped}\ntriggers:',
        ),
    });
    try {
      expect(await failing({}, other)).toMatchObject({
        code: 'rectify-blocked',
        message: expect.stringContaining('app.account.email_odd is a keyed hash of email'),
      });
    } finally {
      await other.close();
    }
    await world.query(
      `create unique index on app.alias (address); insert into app.alias values (9, 20, 'x@new.example')`,
    );
    await world.query(`create unique index on app.mail ((recipients[1])) where id in (2, 3)`);
    await world.query(`update app.mail set recipients = '{Anna@New.example}' where id = 3`);
    const { context, plan } = await planOf();
    await expect(applyPlan(context, subjectRectify, plan.id)).rejects.toMatchObject({ code: 'name-taken' });
  });
});

describe('what else knows her by name', () => {
  const withPlatform = async <T>(work: (db: Client) => Promise<T>): Promise<T> => {
    const db = await openPlatform(world.url);
    try {
      return await work(db);
    } finally {
      await db.end();
    }
  };
  const hold = (own: Partial<Parameters<typeof placeHold>[2]>) =>
    withPlatform(async (db) =>
      placeHold(
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
          ...own,
        },
      ),
    );

  test('a hold on her keeps everything as it is, also one that comes after the plan', async () => {
    const { context, plan } = await planOf();
    const before = await wholePlatform(world);
    await hold({ who: ['press@example.org'] });
    expect(await failing({})).toMatchObject({ code: 'subject-held' });
    await expect(applyPlan(context, subjectRectify, plan.id)).rejects.toMatchObject({ code: 'subject-held' });
    expect(await wholePlatform(world)).toEqual(before);
  });

  test('a row on hold stays as it is, and is counted', async () => {
    await hold({ rows: ['app.mail=2'] });
    const { corrected, held, applied } = await rectify();
    expect(held).toBe(1);
    expect(corrected?.map(({ place }) => place)).not.toContain('app.mail.recipients');
    expect(await world.query('select recipients from app.mail where id = 2')).toEqual([
      { recipients: ['ann+news@example.org', 'z@z.example'] },
    ]);
    const { payload } = JSON.parse(await loadCertificate(world.pool, applied.certificateId ?? ''));
    expect(JSON.parse(Buffer.from(payload, 'base64').toString()).predicate).toMatchObject({ held: 1 });
  });

  test('an objection under the old name is told of', async () => {
    await withPlatform(async (db) =>
      objectFor(
        await world.context(),
        { db, map: world.map, hasher: eraseHasher },
        { who: ['ann@example.org'], channel: 'marketing', reason: undefined },
      ),
    );
    expect((await planOf()).inputs.objections).toEqual(['marketing']);
    expect(
      (
        await planOf({
          field: { table: 'app.account', column: 'name' },
          values: { who: ['ann@example.org'], to: 'A' },
        })
      ).inputs.objections,
    ).toEqual([]);
  });
});

describe('the plan', () => {
  test('keeps no value, and neither does the certificate', async () => {
    const { plan, applied } = await rectify();
    expect(plan.text).not.toMatch(/ann@|anna@|new\.example/i);
    const statement = Buffer.from(
      JSON.parse(await loadCertificate(world.pool, applied.certificateId ?? '')).payload,
      'base64',
    ).toString();
    expect(statement).not.toMatch(/ann@|anna@|new\.example/i);
    expect(JSON.parse(statement).predicate).toMatchObject({
      reason: 'request 18',
      corrected: expect.arrayContaining([{ place: 'app.account.email', rows: 1 }]),
      toTell: expect.arrayContaining([{ kind: 'table', name: 'app.seen', rows: 2 }]),
    });
  });

  test('is applied by another process with the file that it names, as it was', async () => {
    const valuesFile = join(folder, 'values.json');
    await writeFile(valuesFile, JSON.stringify(renamed));
    const { plan } = await planOf({ valuesFile });
    const elsewhere: RectifyContext = await world.context();
    await writeFile(valuesFile, JSON.stringify({ ...renamed, to: 'mallory@evil.example' }));
    await expect(applyPlan(elsewhere, subjectRectify, plan.id)).rejects.toMatchObject({
      code: 'rectify-values-changed',
    });
    await writeFile(valuesFile, '{"who": "ann@example.org"');
    await expect(applyPlan(elsewhere, subjectRectify, plan.id)).rejects.toMatchObject({
      code: 'rectify-values-invalid',
      message: expect.not.stringContaining('ann@'),
    });
    await writeFile(valuesFile, JSON.stringify(renamed));
    await applyPlan(elsewhere, subjectRectify, plan.id);
    expect((await wholePlatform(world))['account']?.[0]).toContain('Anna@New.example');
  });

  test('without a file is applied by nobody else', async () => {
    const { plan } = await planOf();
    await expect(applyPlan(await world.context(), subjectRectify, plan.id)).rejects.toMatchObject({
      code: 'rectify-values-missing',
    });
  });
});

describe('a run that ends in the middle', () => {
  test('at any statement is gone on with, and ends as if nothing had happened', async () => {
    const expected = await eraseWorld();
    const reference = await expected.context();
    const planned = await planRectify({ ...reference, values: renamed }, { ...common, everywhere: true });
    await savePlan(reference, planned.plan);
    await applyPlan({ ...reference, values: renamed }, subjectRectify, planned.plan.id);
    const wanted = { ...(await wholePlatform(expected)), card_change: [] };
    await expected.close();
    const { context, plan } = await planOf({ everywhere: true });
    let breaks = 0;
    for (let most = 3; ; most += 7) {
      const broken: RectifyContext = {
        ...context,
        openWriter: async () => breaking(await context.openWriter(), most),
      };
      const error = await applyPlan(broken, subjectRectify, plan.id).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error === undefined) break;
      breaks += 1;
    }
    expect(breaks).toBeGreaterThan(3);
    expect({ ...(await wholePlatform(world)), card_change: [] }).toEqual(wanted);
  });

  test('waits for no lock for long: exit 7, and it goes on when the row is free', {
    timeout: 60_000,
  }, async () => {
    const { context, plan } = await planOf();
    await withConnection({ url: world.url, role: 'test' }, async (holder: Client) => {
      await holder.query('begin');
      await holder.query('select from app.account where id = 10 for update');
      await expect(applyPlan(context, subjectRectify, plan.id)).rejects.toMatchObject({
        code: 'rectify-locked',
        exitCode: 7,
      });
      await holder.query('rollback');
    });
    await applyPlan(context, subjectRectify, plan.id);
    expect((await wholePlatform(world))['account']?.[0]).toContain('Anna@New.example');
  });
});

/** A session that is lost at this statement. */
function breaking(db: Client, most: number): Client {
  let left = most;
  return new Proxy(db, {
    get: (target, name) => {
      const own: unknown = Reflect.get(target, name, target);
      if (name !== 'query' || typeof own !== 'function')
        return typeof own === 'function' ? own.bind(target) : own;
      return async (...given: readonly unknown[]) => {
        left -= 1;
        if (left < 0) {
          await target.end();
          throw new Error('connection lost');
        }
        return Reflect.apply(own, target, given) as unknown;
      };
    },
  });
}
