import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPool } from '../../../src/lib/base/postgres.ts';
import { sealColumnValue } from '../../../src/lib/crypto/column-value.ts';
import {
  assessDestroy,
  assessRetire,
  type DestroyContext,
  enableRetiredKey,
  planKeyDestroy,
  planKeyRetire,
  undestroyKey,
} from '../../../src/lib/key/destroy/index.ts';
import { openPlatform } from '../../../src/lib/platform/connection.ts';
import { readDataMap } from '../../../src/lib/platform/map/index.ts';
import { type DestroyWorld, destroyWorld, options } from '../../support/destroy-world.ts';
import { keyMapText } from '../../support/key-context.ts';
import { testDatabase } from '../../support/postgres.ts';

/** A key that everything speaks for ending; each test puts one thing in its way, and takes it away again. */
let world: DestroyWorld;
beforeAll(async () => {
  world = await destroyWorld();
  await world.ready();
});
afterAll(() => world?.close());

const assess = async (own: Partial<DestroyContext> = {}) => {
  const context = await world.context(own);
  return { context, assessed: await assessDestroy(context, { key: world.old, ...options }) };
};

/** The rules that are not met, with what is told. */
async function open(own: Partial<DestroyContext> = {}): Promise<Record<string, string>> {
  const { assessed } = await assess(own);
  return Object.fromEntries(
    assessed.rules
      .filter(({ verdict }) => verdict !== 'met')
      .map(({ rule, verdict, evidence }) => [rule, `${verdict}: ${evidence.join('; ')}`]),
  );
}

interface Obstacle {
  /** SQL on the platform or the state database, and what takes it away. */
  readonly platform?: readonly [string, string];
  readonly state?: readonly [string, string];
  readonly own?: Partial<DestroyContext>;
  readonly kms?: readonly [(arn: string) => Promise<void>, (arn: string) => Promise<void>];
}

/** Exactly this rule must stand in the way, the plan must be refused by its name, and nothing may be left changed. */
async function expectOpen(
  rule: string,
  text: RegExp,
  { platform = ['', ''], state = ['', ''], own = {}, kms }: Obstacle,
): Promise<void> {
  await world.platform.query(platform[0]);
  await world.state.pool.query(state[0]);
  await kms?.[0](world.old);
  try {
    const before = await stored();
    const found = await open(own);
    expect(Object.keys(found)).toEqual([rule]);
    expect(found[rule]).toMatch(text);
    const isUnknown = found[rule]?.startsWith('unknown');
    const { context, assessed } = await assess(own);
    await expect(planKeyDestroy(context, assessed)).rejects.toMatchObject({
      exitCode: isUnknown ? 4 : 6,
      code: isUnknown ? 'key-need-unknown' : 'key-needed',
      hints: [expect.stringContaining(`${rule}, `)],
    });
    expect(await stored()).toEqual(before);
  } finally {
    await world.platform.query(platform[1]);
    await world.state.pool.query(state[1]);
    await kms?.[1](world.old);
  }
  expect(await open()).toEqual({});
}

async function stored() {
  const { rows } = await world.state.pool.query('select count(*)::int as plans from postern.plan');
  return { ...rows[0], state: await world.stateOfOld() };
}

test('all rules speak for it, with what was seen', async () => {
  const { assessed } = await assess();
  expect(assessed.rules.map(({ rule, verdict }) => [rule, verdict])).toEqual([
    ['no-data-key', 'met'],
    ['no-quarantine', 'met'],
    ['no-backup', 'met'],
    ['not-configured', 'met'],
    ['drill-passed', 'met'],
    ['no-alias-or-grant', 'met'],
    ['not-used', 'met'],
    ['disabled', 'met'],
  ]);
  const texts = assessed.rules.map(({ evidence }) => evidence.join('; '));
  expect(texts[0]).toMatch(/^1 keyring counted at 20/);
  expect(texts[4]).toMatch(/^set s-after at offsite passed a drill at 20/);
  expect(texts[7]).toMatch(/^disabled since 20/);
});

const oneKey = 'where id = (select id from app.key order by id limit 1)';
const put = (kek: string) => `update app.key set kek = ${kek} ${oneKey}`;

test('values that were shredded stand in no way', async () => {
  await world.platform.query('create table saved_key as table app.key');
  await world.platform.query(`update app.key set state = 'destroyed', wrapped = '' ${oneKey}`);
  try {
    expect(await open()).toEqual({});
  } finally {
    await world.platform.query(
      'update app.key k set state = s.state, wrapped = s.wrapped from saved_key s where s.id = k.id; drop table saved_key',
    );
  }
});

test('a data key that it wraps stands in the way, by whichever name the keyring has it', async () => {
  const back = put(`'${world.next}'`);
  const rule = 'no-data-key';
  const platform = (kek: string): Obstacle => ({ platform: [put(kek), back] });
  const wraps = /^not-met: it wraps 1 data key of app\.key$/;
  await expectOpen(rule, wraps, platform(`'${world.old}'`));
  await expectOpen(rule, wraps, platform(`'${world.old.replace('local:', '')}'`));
  await expectOpen(
    rule,
    /^unknown: alias\/writers, which may be it, wraps 1 data key/,
    platform(`'alias/writers'`),
  );
});

test('a key that was destroyed, or shredded, holds nothing under it', async () => {
  const { rows } = await world.platform.query(`select wrapped from app.key ${oneKey}`);
  await world.platform.query(put(`'${world.old}', wrapped = ''`));
  expect(await open()).toEqual({});
  await world.platform.query(`update app.key set kek = $1, wrapped = $2 ${oneKey}`, [
    world.next,
    rows[0].wrapped,
  ]);
});

test('a keyring that the map does not describe cannot be looked at', async () => {
  const { map } = await readDataMap(keyMapText.replace(/keyrings:[^]*$/, ''), 'map.yaml');
  const found = await open({ map: () => Promise.resolve(map) });
  expect(found['no-data-key']).toMatch(/^unknown: app\.token\.secret: the map does not describe the keyring/);
  const { context, assessed } = await assess({ map: () => Promise.resolve(map) });
  await expect(planKeyDestroy(context, assessed)).rejects.toMatchObject({ exitCode: 4 });
});

test('a keyed hash whose key stands in no keyring of the map leaves it open', async () => {
  const hash = `name_hash:
        type: bytea
        category: user.unique_id.pseudonymous
        hmac: {of: name, key: app.pepper.wrapped, versions: odd}
        erase: with-row
      secret:`;
  const { map } = await readDataMap(keyMapText.replace('secret:', hash), 'map.yaml');
  await expectOpen(
    'no-data-key',
    /^unknown: app\.token\.name: the map does not describe the keyring of its/,
    {
      own: { map: () => Promise.resolve(map) },
    },
  );
});

test('a second database is looked at as the first is, and one without a map cannot be', async () => {
  const database = await testDatabase();
  const other = await openPool({ url: database.url, role: 'second database', max: 2 });
  const { map } = await readDataMap(keyMapText, 'map.yaml');
  const second = (ownMap: typeof map | undefined): Partial<DestroyContext> => ({
    otherDatabases: [
      {
        name: 'crm',
        open: () => openPlatform(database.url),
        map: ownMap === undefined ? undefined : () => Promise.resolve(ownMap),
      },
    ],
  });
  try {
    await other.query(`create schema app; create table app.person (id uuid primary key);
      create table app.key (id uuid primary key, person_id uuid, version int, state text, kek text, wrapped bytea,
        created_at timestamptz);
      create table app.token (person_id uuid, name text, key_id uuid, secret bytea, note text);`);
    await other.query(`insert into app.key values ($1, $1, 1, 'active', $2, '\\x01', now())`, [
      randomUUID(),
      world.old,
    ]);
    const found = await open(second(map));
    expect(found['no-data-key']).toBe('not-met: it wraps 1 data key of crm: app.key');
    // No rotation of that database is on record either.
    expect(found['drill-passed']).toMatch(/^unknown: .*crm: app\.key/);
    expect(found['no-backup']).toMatch(/^not-met: needed by set s-after/);
    expect((await open(second(undefined)))['no-data-key']).toMatch(
      /^unknown: platform\.databases\.crm has no map/,
    );
  } finally {
    await other.end();
    await database.drop();
  }
});

test('one value in quarantine stands in the way until it is settled', async () => {
  const row = `insert into postern.key_quarantine (profile, table_name, column_name, row_key, reason, plan_id, resolved_at)
    select 'test', 'app.token', 'secret', '{a,t0}', 'value-moved', id, `;
  const away = 'delete from postern.key_quarantine';
  const from = ' from postern.plan limit 1';
  await expectOpen('no-quarantine', /^not-met: 1 value of app\.token\.secret in quarantine$/, {
    state: [`${row} null ${from}`, away],
  });
  await world.state.pool.query(`${row} now() ${from}`);
  expect(await open()).toEqual({});
  await world.state.pool.query(away);
});

test('a value under a data key that no keyring has cannot be judged, in a column of the map or in any other', async () => {
  const seal = (keyId: string) =>
    sealColumnValue(
      Buffer.from('x'),
      { id: keyId, dataKey: Buffer.alloc(32, 1) },
      { table: 'token', column: 'secret', primaryKey: ['a'], subject: 'a' },
    ).toString('hex');
  const column = (hex: string): Obstacle => ({
    platform: [
      `insert into app.token (person_id, name, secret) select id, 'odd', '\\x${hex}' from app.person limit 1`,
      `delete from app.token where name = 'odd'`,
    ],
  });
  const hidden = (hex: string): Obstacle => ({
    platform: [
      `create table app.cache (body bytea); insert into app.cache values ('\\x${hex}')`,
      'drop table app.cache',
    ],
  });
  const lost = seal(randomUUID());
  const { rows } = await world.platform.query('select id::text from app.key limit 1');
  const known = seal(rows[0].id);
  await expectOpen('no-quarantine', /^unknown: 1 encrypted value of app\.token\.secret under/, column(lost));
  await expectOpen('no-quarantine', /^unknown: 1 encrypted value of app\.cache\.body under/, hidden(lost));
  // The magic, with a version that nobody knows yet.
  const later = `${known.slice(0, 8)}0201${known.slice(12)}`;
  await expectOpen('no-quarantine', /^unknown: 1 encrypted value of app\.cache\.body/, hidden(later));
  // Under a data key that was moved: it opens by the other KMS key, wherever it stands.
  await world.platform.query(hidden(known).platform?.[0] ?? '');
  expect(await open()).toEqual({});
  await world.platform.query('drop table app.cache');
});

test('a table that the login may not read leaves the answer open', async () => {
  const own: Partial<DestroyContext> = {
    openReader: async () => {
      const db = await openPlatform(world.platformUrl);
      // A role that every server has, and that may read no table.
      await db.query('set role pg_signal_backend');
      return db;
    },
  };
  const found = await open(own);
  expect(found['no-data-key']).toMatch(/^unknown: permission denied/);
  expect(found['no-quarantine']).toMatch(/^unknown: permission denied/);
});

test('a key that the configuration names, or that seals a file of it, is needed', async () => {
  const named = (keyId: string | null): Obstacle => ({
    own: { namedKeys: () => Promise.resolve([{ keyId, usedFor: 'opens backup sets' }]) },
  });
  await expectOpen('not-configured', /^not-met: it opens backup sets$/, named(world.old));
  await expectOpen(
    'not-configured',
    /^not-met: it opens backup sets$/,
    named(world.old.replace('local:', '')),
  );
  await expectOpen(
    'not-configured',
    /^unknown: alias\/a, which may be it, opens backup sets$/,
    named('alias/a'),
  );
  await expectOpen(
    'not-configured',
    /^unknown: a key that cannot be asked for, which may be it,/,
    named(null),
  );
});

test('an alias that points to it stands in the way', async () => {
  await expectOpen('no-alias-or-grant', /^not-met: alias\/old points to it$/, {
    kms: [
      (arn) => world.kms.createAlias('alias/old', arn.replace('local:', '')),
      () => world.kms.deleteAlias('alias/old'),
    ],
  });
});

test('enabled, it is not ready, and a file of keys knows of no other last use', async () => {
  await world.kms.enableKey(world.old);
  expect(await open()).toEqual({
    'not-used': expect.stringMatching(/^not-met: a file of keys does not record/),
    disabled: expect.stringMatching(/^not-met: it is enabled: `postern key retire /),
  });
  await world.kms.disableKey(world.old);
  expect(await open()).toEqual({});
});

const day = 86_400_000;

test('the time counts by the clock of the state database, and not by that of whoever asks', async () => {
  const context = await world.context({ clock: { now: () => new Date(Date.now() + 400 * day) } });
  const { rules } = await assessDestroy(context, { key: world.old, ...options, soakSeconds: 9 * 86_400 });
  const { verdict, until } = rules.find(({ rule }) => rule === 'disabled') ?? {};
  expect(verdict).toBe('not-met');
  const left = Date.parse(until ?? '') - Date.now();
  expect(left).toBeGreaterThan(0.9 * day);
  expect(left).toBeLessThan(1.1 * day);
});

test.each([
  [
    'enabled by --undo',
    async (own: DestroyWorld) => enableRetiredKey(await own.context(), await own.kms.describeKey(own.old)),
  ],
  [
    'taken back by undestroy',
    async (own: DestroyWorld) => {
      await own.kms.scheduleKeyDeletion(own.old, 7);
      await undestroyKey(await own.context(), await own.kms.describeKey(own.old));
    },
  ],
])('%s and disabled by hand, a key has to be retired anew', async (_, enable) => {
  const own = await destroyWorld();
  try {
    await own.ready();
    await enable(own);
    expect(await own.stateOfOld()).toBe('enabled');
    await own.kms.disableKey(own.old);
    const look = async () => {
      const { rules } = await assessDestroy(await own.context(), { key: own.old, ...options });
      return rules.find(({ rule }) => rule === 'disabled');
    };
    expect(await look()).toMatchObject({
      verdict: 'not-met',
      evidence: [expect.stringContaining('enabled again after `key retire`')],
    });
    await own.retire();
    expect(await look()).toMatchObject({
      verdict: 'not-met',
      evidence: [expect.stringContaining('not long enough')],
    });
    await own.passTime('8 days');
    expect(await look()).toMatchObject({ verdict: 'met' });
  } finally {
    await own.close();
  }
});

test('a key that nobody retired by postern has no time on record', async () => {
  const own = await destroyWorld();
  try {
    await own.kms.disableKey(own.old);
    const { rules } = await assessDestroy(await own.context(), { key: own.old, ...options });
    expect(rules.find(({ rule }) => rule === 'disabled')).toMatchObject({
      verdict: 'not-met',
      evidence: [expect.stringContaining('no `key retire` on record')],
    });
    expect(rules.find(({ rule }) => rule === 'not-used')).toMatchObject({ verdict: 'not-met' });
    expect(rules.find(({ rule }) => rule === 'drill-passed')).toMatchObject({
      verdict: 'not-met',
      evidence: [
        expect.stringMatching(/^no set that was made after 20.* has passed `postern backup drill`$/),
      ],
    });
    // Disabling can be undone, and asks for neither time nor drill.
    const context = await own.context();
    const { rules: less } = await assessRetire(context, { key: own.old, writerCacheSeconds: 0 });
    expect(less.map(({ rule }) => rule)).toEqual([
      'no-data-key',
      'no-quarantine',
      'no-backup',
      'not-configured',
      'no-alias-or-grant',
    ]);
  } finally {
    await own.close();
  }
});

test('while it wraps, a key can be neither retired nor destroyed', async () => {
  const own = await destroyWorld({ isMoved: false });
  try {
    const context = await own.context();
    const assessed = await assessRetire(context, { key: own.old, writerCacheSeconds: 0 });
    await expect(planKeyRetire(context, assessed)).rejects.toMatchObject({
      code: 'key-needed',
      exitCode: 6,
      hints: ['no-data-key, not met: it wraps 2 data keys of app.key'],
    });
    expect(await own.stateOfOld()).toBe('enabled');
  } finally {
    await own.close();
  }
});
