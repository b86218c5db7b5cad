import { afterEach, beforeEach, expect, test } from 'vitest';
import { withConnection } from '../../src/lib/base/postgres.ts';
import type { KeyContext } from '../../src/lib/key/context.ts';
import { planKekRotation, rotateKek } from '../../src/lib/key/kek/index.ts';
import { keyReencrypt, planReencrypt, type ReencryptOptions } from '../../src/lib/key/reencrypt/index.ts';
import { keyShred, planShred, shredReplayer } from '../../src/lib/key/shred/index.ts';
import { unlimited } from '../../src/lib/key/walk/bearable.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { openPlatform, openPlatformForChange } from '../../src/lib/platform/connection.ts';
import { type KeyWorld, keyWorld } from '../support/key-world.ts';

// What a trigger, a missing right or row security leaves undone is never called done.

let world: KeyWorld;
let person: string;
beforeEach(async () => {
  world = await keyWorld({ persons: 3, tokensEach: 2 });
  person = [...world.tokens.keys()][0]?.split('/')[0] ?? '';
});
afterEach(() => world.close());

/** A trigger whose function does this. */
const trigger = (on: string, when: string, body: string) =>
  world.platform.query(`
    create function app.meddle() returns trigger language plpgsql as $f$ begin ${body} end $f$;
    create ${when.startsWith('constraint') ? 'constraint trigger' : 'trigger'} meddling ${when.replace('constraint ', '')} on ${on}
      ${when.startsWith('constraint') ? 'deferrable initially deferred' : ''} for each row execute function app.meddle()`);
const mend = () => world.platform.query('drop function app.meddle cascade');

const reencryption: ReencryptOptions = {
  keyring: undefined,
  keys: 'new',
  kek: null,
  batchSize: 4,
  workers: 1,
  rowsPerSecond: null,
  bearable: unlimited,
  kmsRequestsPerSecond: null,
  writerCacheSeconds: 0,
};

async function reencrypting(own: Partial<ReencryptOptions> = {}) {
  const context = await world.context();
  const { plan } = await planReencrypt(context, { ...reencryption, ...own });
  if (plan === undefined) throw new Error('nothing to do');
  await savePlan(context, plan);
  return { plan, apply: () => applyPlan(context, keyReencrypt, plan.id) };
}

async function rotation(own: Partial<KeyContext> = {}, to?: string) {
  const context = await world.context(own);
  const planned = await planKekRotation(context, {
    keyring: undefined,
    to,
    alias: undefined,
    batchSize: 100,
    kmsRequestsPerSecond: null,
  });
  await savePlan(context, planned.plan);
  return { ...planned, apply: () => applyPlan(context, rotateKek, planned.plan.id) };
}

async function shred(own: Partial<KeyContext> = {}) {
  const context = await world.context(own);
  const planned = await planShred(context, { keyring: undefined, subject: person, reason: 'request 17' });
  await savePlan(context, planned.plan);
  return { ...planned, apply: () => applyPlan(context, keyShred, planned.plan.id) };
}

const keyring = async () =>
  (
    await world.platform.query(
      'select id::text, version, state, kek, wrapped from app.key order by person_id, version',
    )
  ).rows;
const secrets = async () =>
  (await world.platform.query('select key_id, secret from app.token order by person_id, name')).rows;
const quarantined = async () =>
  (
    await world.state.pool.query(
      'select reason, count(*)::int as values from postern.key_quarantine where resolved_at is null group by 1',
    )
  ).rows;
const certificates = async () =>
  (await world.state.pool.query('select count(*)::int as n from postern.certificate')).rows[0].n;

test.each([
  ['puts the old value back', 'before update', 'new.secret = old.secret; return new;', 6],
  ['keeps the old key id', 'before update', 'new.key_id = old.key_id; return new;', 6],
  [
    'puts one value back',
    'before update',
    "if old.name = 't1' then new.secret = old.secret; end if; return new;",
    3,
  ],
  [
    'puts the old value back later',
    'after update',
    'if new.secret <> old.secret and pg_trigger_depth() = 1 then update app.token set secret = old.secret where person_id = old.person_id and name = old.name; end if; return null;',
    6,
  ],
  [
    'writes something else at the end',
    'constraint after update',
    "if pg_trigger_depth() = 1 then update app.token set secret = 'lost' where person_id = old.person_id and name = old.name; end if; return null;",
    6,
  ],
])(
  'a value whose trigger %s is in quarantine, as it was, and nothing is certified',
  async (_, when, body, values) => {
    await trigger('app.token', when, body);
    const before = await secrets();
    const { apply } = await reencrypting();
    await expect(apply()).rejects.toMatchObject({
      exitCode: 7,
      message: expect.stringContaining(`${values} values of app.token.secret (value-not-kept)`),
    });
    expect(await quarantined()).toEqual([{ reason: 'value-not-kept', values }]);
    const changed = (await secrets()).filter(({ secret }, at) => !secret.equals(before[at].secret));
    expect(changed).toHaveLength(6 - values);
    expect(await world.readTokens()).toEqual(world.tokens);
    expect(await certificates()).toBe(0);
    // Keys that values name are not drained.
    const used = new Set((await secrets()).map(({ key_id: id }) => id));
    expect((await keyring()).filter(({ id, state }) => used.has(id) && state === 'drained')).toEqual([]);
    await mend();
    await apply();
    expect(await world.readTokens()).toEqual(world.tokens);
    expect(await quarantined()).toEqual([]);
    expect((await keyring()).map(({ version, state }) => `${version} ${state}`)).toEqual(
      Array.from({ length: 3 }, () => ['1 drained', '2 active']).flat(),
    );
  },
);

test.each([
  ['active', 'before update', "if new.state = 'active' then new.state = old.state; end if; return new;"],
  ['decrypt-only', 'before update', "if new.state = 'decrypt-only' then return null; end if; return new;"],
  ['drained', 'before update', "if new.state = 'drained' then new.state = old.state; end if; return new;"],
  ['new versions', 'before insert', "new.wrapped = '\\x00'; return new;"],
  ['new versions', 'before insert', 'return null;'],
])('a keyring that does not keep %s (%s: %s) ends the plan, and is as it was', async (what, when, body) => {
  await trigger('app.key', when, body);
  const { apply } = await reencrypting();
  await expect(apply()).rejects.toMatchObject({
    exitCode: 6,
    code: 'keyring-not-kept',
    message: expect.stringContaining(what),
  });
  expect(await certificates()).toBe(0);
  expect((await keyring()).filter(({ state }) => state === 'active')).toHaveLength(3);
  await mend();
  await apply();
  expect(await world.readTokens()).toEqual(world.tokens);
});

test('a compromised key that keeps its state ends the plan', async () => {
  await trigger(
    'app.key',
    'before update',
    "if new.state = 'compromised' then new.state = old.state; end if; return new;",
  );
  const { apply } = await reencrypting({ compromised: { what: 'keyring' } });
  await expect(apply()).rejects.toMatchObject({
    code: 'keyring-not-kept',
    message: expect.stringContaining('compromised'),
  });
  expect((await keyring()).map(({ state }) => state)).toEqual(
    Array.from({ length: 3 }, () => ['active', 'pre-active']).flat(),
  );
});

test.each([
  ['before update', 'new.wrapped = old.wrapped; return new;'],
  ['before update', 'new.state = old.state; return new;'],
  ['before update', 'return null;'],
  [
    'after update',
    "if new.state = 'destroyed' then update app.key set wrapped = old.wrapped, state = 'x' where id = old.id; end if; return null;",
  ],
  [
    'constraint after update',
    'if new.state <> old.state then update app.key set wrapped = old.wrapped where id = old.id; end if; return null;',
  ],
])(
  'a shred that a trigger undoes is undone as a whole, and nothing is certified: %s, %s',
  async (when, body) => {
    await trigger('app.key', when, body);
    const before = await keyring();
    const { apply, plan, inputs, warnings } = await shred();
    expect(warnings).toEqual([expect.stringContaining('the trigger meddling')]);
    expect(inputs.triggers).toEqual(['meddling']);
    await expect(apply()).rejects.toMatchObject({ exitCode: 6, code: 'shred-not-kept' });
    expect(await keyring()).toEqual(before);
    expect(await certificates()).toBe(0);
    const { rows: entries } = await world.state.pool.query('select detail from postern.erasure');
    const replayer = shredReplayer(async () => (await world.context()).map());
    await withConnection({ url: world.platformUrl, role: 'restored' }, async (client) => {
      await client.query('begin');
      if (!when.startsWith('constraint')) {
        await expect(replayer.replay(client, entries)).rejects.toMatchObject({ code: 'shred-not-kept' });
      }
      await client.query('rollback');
    });
    await mend();
    await apply();
    expect((await keyring()).filter(({ wrapped }) => wrapped.length === 0)).toMatchObject([
      { state: 'destroyed' },
    ]);
    const { rows } = await world.state.pool.query(
      `select envelope from postern.certificate where plan_id = $1`,
      [plan.id],
    );
    const statement = JSON.parse(Buffer.from(JSON.parse(rows[0].envelope).payload, 'base64').toString());
    expect(statement.predicate.triggers).toEqual(['meddling']);
  },
);

test.each([
  ['before update', 'new.wrapped = old.wrapped; return new;'],
  ['before update', 'new.kek = old.kek; return new;'],
  ['before update', "new.wrapped = '\\x01'; return new;"],
  ['before update', 'return null;'],
  [
    'constraint after update',
    'if new.kek <> old.kek then update app.key set wrapped = old.wrapped where id = old.id; end if; return null;',
  ],
])(
  'a keyring whose trigger keeps what wraps stays whole, and no rotation of it is certified: %s, %s',
  async (when, body) => {
    await trigger('app.key', when, body);
    const before = await keyring();
    const { arn: to } = await world.kms.createKey({ usage: 'encrypt', description: 'next' });
    const { apply, warnings } = await rotation({}, to);
    expect(warnings).toEqual([expect.stringContaining('the trigger meddling')]);
    await expect(apply()).rejects.toMatchObject({
      exitCode: 6,
      code: 'keyring-not-kept',
      message: expect.stringContaining(before[0].id),
    });
    expect(await keyring()).toEqual(before);
    expect(await certificates()).toBe(0);
    await mend();
    await apply();
    expect(new Set((await keyring()).map(({ kek }) => kek))).toEqual(new Set([to]));
    world.forgetKeys();
    expect(await world.readTokens()).toEqual(world.tokens);
  },
);

/** A role with these rights, besides reading. */
async function withRole(rights: string, work: (url: string, role: string) => Promise<void>) {
  const role = `keeper_${process.pid}`;
  await world.platform.query(
    `create role ${role} login password 'x'; grant usage on schema app to ${role};
     grant select on all tables in schema app to ${role}; ${rights.replaceAll('ROLE', role)}`,
  );
  const url = new URL(world.platformUrl);
  url.username = role;
  url.password = 'x';
  try {
    await work(url.toString(), role);
  } finally {
    await world.platform.query(`drop owned by ${role}; drop role ${role}`);
  }
}

const ledger = async () => (await world.state.pool.query('select detail from postern.erasure')).rows;

test('a login that may not write the keyring is refused before anything is done, also where the right went after the plan', async () => {
  const all = 'grant update on app.key to ROLE';
  await withRole(all, async (url, role) => {
    const own = { openWriter: () => openPlatformForChange(url) };
    const kek = await rotation(own);
    const shredding = await shred(own);
    await world.platform.query(`revoke update on app.key from ${role}`);
    const missing = { code: 'role-cannot-write', exitCode: 6 };
    await expect(kek.apply()).rejects.toMatchObject(missing);
    await expect(shredding.apply()).rejects.toMatchObject(missing);
    await expect(rotation(own)).rejects.toMatchObject({
      ...missing,
      message: 'the login of platform.write_url misses UPDATE (wrapped) on app.key, UPDATE (kek) on app.key',
    });
    await expect(shred(own)).rejects.toMatchObject({
      ...missing,
      message:
        'the login of platform.write_url misses UPDATE (wrapped) on app.key, UPDATE (state) on app.key',
    });
    expect(await world.kms.listMaterials(world.kek)).toHaveLength(1);
    expect(await ledger()).toEqual([]);
    // Of a plan that was begun, nothing looks at the preconditions any more.
    await world.state.pool.query(
      `insert into postern.plan_journal (plan_id, event, detail)
       select id, 'started', '{}' from postern.plan`,
    );
    await expect(kek.apply()).rejects.toMatchObject(missing);
    await expect(shredding.apply()).rejects.toMatchObject(missing);
    expect(await world.kms.listMaterials(world.kek)).toHaveLength(1);
    expect(await ledger()).toEqual([]);
  });
});

test.each(['app.key', 'app.token'])('row security on %s is told before anything is done', async (table) => {
  await withRole('grant insert, update on app.key, app.token to ROLE', async (url) => {
    const own = {
      openWriter: () => openPlatformForChange(url),
      openReader: () => openPlatform(url),
    };
    const plans = [await rotation(own), await shred(own)];
    await world.platform.query(`alter table ${table} enable row level security`);
    const told = {
      code: 'row-security',
      exitCode: 6,
      message: expect.stringContaining(table.replace('app.', '')),
    };
    await expect(planReencrypt(await world.context(own), reencryption)).rejects.toMatchObject(told);
    const { openReader } = own;
    await expect(planReencrypt(await world.context({ openReader }), reencryption)).rejects.toMatchObject(
      told,
    );
    await expect(shred(own)).rejects.toMatchObject(told);
    if (table === 'app.token') return;
    await expect(rotation(own)).rejects.toMatchObject(told);
    for (const { apply } of plans) await expect(apply()).rejects.toMatchObject(told);
  });
});
