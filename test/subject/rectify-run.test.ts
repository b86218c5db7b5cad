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
  readValues,
  subjectRectify,
} from '../../src/lib/subject/rectify/index.ts';
import { eraseMap, eraseSchema } from '../support/erase-platform.ts';
import { type EraseWorld, eraseHasher, eraseWorld, wholePlatform } from '../support/erase-world.ts';
import { common, rectifying, renamed } from './rectify-world.ts';

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
const { failing, planOf, rectify } = rectifying(() => world);

test('a field is set where a trigger copies its row to a table that has no such column', async () => {
  await rectify({
    field: { table: 'app.card', column: 'full_name' },
    values: { who: ['ann@example.org'], to: 'Carla' },
  });
  expect(await world.query('select id, full_name from app.card order by id limit 2')).toEqual([
    { id: 1, full_name: 'Carla' },
    { id: 2, full_name: 'Ann Example' },
  ]);
  expect(await world.query("select was ->> 'name' as was from app.card_change order by id")).toEqual([
    { was: 'Karl' },
    { was: 'D' },
    { was: 'Carl' },
  ]);
});

describe('nothing is changed', () => {
  test.each([
    [{ ...renamed, to: 'bob@example.org' }, 'name-taken'],
    [{ ...renamed, to: 'JO@example.org' }, 'name-taken'],
    [{ ...renamed, from: 'bob@example.org' }, 'name-not-theirs'],
    [{ ...renamed, to: 'no address' }, 'address-invalid'],
    [{ ...renamed, to: 'anna,eve@new.example' }, 'address-invalid'],
    [{ ...renamed, to: 'anna@new.example>' }, 'address-invalid'],
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

  const long = {
    field: { table: 'app.account', column: 'name' },
    values: { who: ['ann@example.org'], to: 'SECRET-'.repeat(5) },
  };

  test.each([
    ['add check (length(name) < 20)', 'account_name_check forbids it'],
    ['alter column name type varchar(20)', 'does not fit the type'],
  ])('before anything changes where the database does not take the value: %s', async (rule, why) => {
    await world.query(`alter table app.account ${rule}`);
    expect(await failing(long)).toEqual({
      code: 'rectify-blocked',
      message: expect.stringMatching(new RegExp(`^(?!.*SECRET).*app\\.account does not take .*${why}`)),
    });
  });

  test('where a trigger does not take the value', async () => {
    const other = await eraseWorld({
      schema: `${eraseSchema}
        create function app.short() returns trigger language plpgsql as $$ begin
          if length(new.name) > 20 then raise exception 'no %', new.name using errcode = '23514'; end if; return new; end $$;
        create trigger short before update on app.account for each row execute function app.short();`,
      map: eraseMap.replace('triggers:', 'triggers:\n  app.account.short: {effect: none}'),
    });
    try {
      const { context, plan } = await planOf(long, other);
      await expect(applyPlan(context, subjectRectify, plan.id)).rejects.toMatchObject({
        code: 'value-refused',
        exitCode: 6,
        message: expect.stringMatching(/^(?!.*SECRET).*its type or a trigger/),
      });
    } finally {
      await other.close();
    }
  });

  test('before anything changes where two names of hers would become one that may stand once only', async () => {
    await world.query(
      `insert into app.alias values (91, 10, 'ann+a@example.org'), (92, 10, 'ann+b@example.org')`,
    );
    await planOf();
    await world.query(`create unique index on app.alias (lower(address))`);
    expect(await failing({})).toEqual({
      code: 'rectify-blocked',
      message: expect.stringMatching(
        /app\.alias does not take the new value: it may stand once only in \(lower\(address\)\)/,
      ),
    });
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

  test.each([
    ['Latin-1', Buffer.from('{"who": ["a@b.example"], "to": "J\xfcrgen"}', 'latin1')],
    ['NUL', Buffer.from(JSON.stringify({ who: ['a@b.example'], to: 'J\0' }))],
  ])('takes no value in %s, of which the database would get something else', async (_, bytes) => {
    const file = join(folder, 'values.json');
    await writeFile(file, bytes);
    await expect(readValues(file)).rejects.toMatchObject({ code: 'rectify-values-invalid', exitCode: 2 });
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
    const openWriter = async () => impatient(await context.openWriter());
    await withConnection({ url: world.url, role: 'test' }, async (holder: Client) => {
      await holder.query('begin');
      await holder.query('select from app.account where id = 10 for update');
      await expect(applyPlan({ ...context, openWriter }, subjectRectify, plan.id)).rejects.toMatchObject({
        code: 'rectify-locked',
        exitCode: 7,
      });
      await holder.query('rollback');
    });
    await applyPlan(context, subjectRectify, plan.id);
    expect((await wholePlatform(world))['account']?.[0]).toContain('Anna@New.example');
  });
});

/** A session that waits for locks a hundredth of the time that it is told to; one that is told nothing, ten seconds. */
function impatient(db: Client): Client {
  const query = db.query.bind(db);
  const sooner = (sql: string) => sql.replace(/(?<=lock_timeout = )\d+/, (time) => `${Number(time) / 100}`);
  return Object.assign(db, { query: (sql: string, values?: unknown[]) => query(sooner(sql), values) });
}

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
