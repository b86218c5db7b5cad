import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KeyContext } from '../../src/lib/key/context.ts';
import { withKeyringLock } from '../../src/lib/key/keyring/lock.ts';
import {
  keyReencrypt,
  listQuarantine,
  planReencrypt,
  resolveQuarantined,
} from '../../src/lib/key/reencrypt/index.ts';
import { unlimited } from '../../src/lib/key/walk/bearable.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { readDataMap } from '../../src/lib/platform/map/index.ts';
import { keyMapText } from '../support/key-context.ts';
import { type KeyWorld, keyWorld } from '../support/key-world.ts';

let world: KeyWorld;
let context: KeyContext;
beforeEach(async () => {
  world = await keyWorld({ persons: 3, tokensEach: 4 });
  context = await world.context();
});
afterEach(() => world.close());

async function planned(): Promise<string> {
  const { plan } = await planReencrypt(context, {
    keyring: undefined,
    keys: 'new',
    kek: null,
    batchSize: 5,
    workers: 1,
    rowsPerSecond: null,
    bearable: unlimited,
    kmsRequestsPerSecond: null,
    writerCacheSeconds: 0,
  });
  if (plan === undefined) throw new Error('nothing is planned');
  await savePlan(context, plan);
  return plan.id;
}

const apply = (id: string) => applyPlan(context, keyReencrypt, id);
const listed = () => listQuarantine(world.state.pool, context.profile, 100);
const tokenAt = (index: number): string[] => ([...world.tokens.keys()][index] ?? '').split('/');
const set = (index: number, expression: string) =>
  world.platform.query(
    `update app.token set secret = ${expression} where person_id = $1 and name = $2`,
    tokenAt(index),
  );
const cut = (index: number) => set(index, 'substr(secret, 1, 90)');

/** Cuts the first values, and lets a plan find that. @returns its id */
async function quarantined(values: number): Promise<string> {
  for (let index = 0; index < values; index += 1) await cut(index);
  const id = await planned();
  await expect(apply(id)).rejects.toMatchObject({ exitCode: 7 });
  expect(await listed()).toMatchObject({ total: values });
  return id;
}

async function repair(index: number): Promise<void> {
  const [person = '', name = ''] = tokenAt(index);
  const value = await world.seal(person, name, 'repaired');
  await world.platform.query(
    `update app.token set secret = $3, key_id = encode(substr($3::bytea, 7, 16), 'hex')::uuid
     where person_id = $1 and name = $2`,
    [person, name, value],
  );
}

test('rows that are gone or empty, and values under the active key or a destroyed one, are out of it; others stay', async () => {
  const { rows: before } = await world.platform.query('select person_id, name, secret from app.token');
  await quarantined(6);
  await world.platform.query('delete from app.token where person_id = $1 and name = $2', tokenAt(0));
  await set(1, 'null');
  await repair(2);
  // As it was, under its subject's first key, which is destroyed by now.
  const [person, name] = tokenAt(4);
  const old = before.find((row) => row.person_id === person && row.name === name);
  await world.platform.query('update app.token set secret = $3 where person_id = $1 and name = $2', [
    person,
    name,
    old.secret,
  ]);
  await world.platform.query(
    `update app.key set state = 'destroyed', wrapped = '' where person_id = $1 and version = 1`,
    [person],
  );
  const platform = await world.platform.query('select * from app.token order by 1, 2');
  const place = { table: 'app.token', column: 'secret' };
  expect(await resolveQuarantined(context)).toEqual([
    { ...place, why: 'row-gone', values: 2 },
    { ...place, why: 'value-active', values: 1 },
    { ...place, why: 'value-shredded', values: 1 },
  ]);
  const { values } = await listed();
  expect(new Set(values.map(({ key }) => key.join('/')))).toEqual(
    new Set([tokenAt(3), tokenAt(5)].map((key) => key.join('/'))),
  );
  expect((await world.platform.query('select * from app.token order by 1, 2')).rows).toEqual(platform.rows);
  expect(await resolveQuarantined(context)).toEqual([]);
  const { rows: entries } = await world.state.pool.query(
    `select body::jsonb -> 'detail' as detail from postern.audit_entry
     where body::jsonb ->> 'action' = 'key.quarantine' and body::jsonb ->> 'event' = 'done' order by seq`,
  );
  expect(entries).toEqual([{ detail: { resolved: 4 } }, { detail: { resolved: 0 } }]);
});

test('a value that was out of quarantine and comes back is there since then', async () => {
  const id = await quarantined(1);
  await repair(0);
  await resolveQuarantined(context);
  const { rows } = await world.state.pool.query('select resolved_at from postern.key_quarantine');
  await cut(0);
  await expect(apply(await planned())).rejects.toMatchObject({ exitCode: 7 });
  const [first] = (await listed()).values;
  expect(new Date(first?.since ?? 0).getTime()).toBeGreaterThanOrEqual(rows[0].resolved_at.getTime());
  await expect(apply(id)).rejects.toMatchObject({ exitCode: 7 });
  const [again] = (await listed()).values;
  expect(again?.since).toBe(first?.since);
});

test('a column that is gone from the database, or from the map, keeps nothing in quarantine', async () => {
  await quarantined(2);
  const text = keyMapText.replace(/ {8}encrypted: .*\n/, '').replace('erase: shred', 'erase: set-null');
  const { map } = await readDataMap(text, 'map.yaml');
  const place = { table: 'app.token', column: 'secret', values: 2 };
  expect(await resolveQuarantined({ ...context, map: () => Promise.resolve(map) })).toEqual([
    { ...place, why: 'column-left' },
  ]);
  await world.state.pool.query('update postern.key_quarantine set resolved_at = null');
  await world.platform.query('alter table app.token drop column secret');
  expect(await resolveQuarantined(context)).toEqual([{ ...place, why: 'column-gone' }]);
  expect(await listed()).toMatchObject({ total: 0 });
});

test('every rotation takes out what belongs to columns that are gone', async () => {
  const id = await planned();
  const insert = (table: string) =>
    world.state.pool.query(
      `insert into postern.key_quarantine (profile, table_name, column_name, row_key, reason, plan_id)
       values ($1, $2, 'secret', '{1}', 'column-value-key', $3)`,
      [context.profile, table, id],
    );
  await insert('app.dropped');
  await apply(id);
  expect(await listed()).toMatchObject({ total: 0 });
});

test('what could not be adopted is out once its row holds nothing in clear', async () => {
  await world.platform.query(
    `alter table app.token add legacy text; update app.token set legacy = 'in clear'`,
  );
  const text = keyMapText
    .replace('key_id: key_id}', 'key_id: key_id, from: legacy}')
    .replace(
      '    fields:\n      secret:',
      '    fields:\n      legacy: {type: text, category: user.authorization}\n      secret:',
    );
  const { map } = await readDataMap(text, 'map.yaml');
  const id = await planned();
  for (const index of [0, 1, 2]) {
    await world.state.pool.query(
      `insert into postern.key_quarantine (profile, table_name, column_name, row_key, reason, plan_id)
       values ($1, 'app.token', 'legacy', $2, 'adopt-differs', $3)`,
      [context.profile, tokenAt(index), id],
    );
  }
  await world.platform.query(
    'update app.token set legacy = null where person_id = $1 and name = $2',
    tokenAt(0),
  );
  await world.platform.query('delete from app.token where person_id = $1 and name = $2', tokenAt(1));
  expect(await resolveQuarantined({ ...context, map: () => Promise.resolve(map) })).toEqual([
    { table: 'app.token', column: 'legacy', why: 'row-gone', values: 2 },
  ]);
  expect((await listed()).values).toMatchObject([{ key: tokenAt(2) }]);
});

test('nothing is taken out while a plan works on the keyring', async () => {
  await quarantined(1);
  await repair(0);
  await withKeyringLock(context, 'app.key', () =>
    expect(resolveQuarantined(context)).rejects.toMatchObject({ exitCode: 11, code: 'job-locked' }),
  );
  expect(await listed()).toMatchObject({ total: 1 });
});
