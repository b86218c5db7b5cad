import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { columnMagic, readColumnValue } from '../../src/lib/crypto/column-value.ts';
import { takeCensus } from '../../src/lib/key/census/index.ts';
import { formatOfValue, keyIdOfValue } from '../../src/lib/key/column/format-of-value.ts';
import { blastOf } from '../../src/lib/key/compromise/blast.ts';
import { keyringsOf } from '../../src/lib/platform/map/index.ts';
import { type KeyWorld, keyWorld } from '../support/key-world.ts';

let world: KeyWorld;
beforeAll(async () => {
  world = await keyWorld();
});
afterAll(() => world.close());

async function census(columns: 'all' | 'declared' = 'all') {
  const context = await world.context();
  const db = await context.openReader();
  try {
    return await takeCensus(db, await context.map(), {
      columns,
      progress: silentProgress,
      signal: new AbortController().signal,
    });
  } finally {
    await db.end();
  }
}

/** Does something, takes the census, and undoes it. */
async function censusAfter(change: string, undo: string) {
  await world.platform.query(change);
  try {
    return (await census()).findings.map(({ code, values }) => [code, values]);
  } finally {
    await world.platform.query(undo);
  }
}

const someTokens = 'where ctid in (select ctid from app.token order by ctid limit 3)';
const restore =
  'update app.token t set secret = s.secret, key_id = s.key_id from saved s where (s.person_id, s.name) = (t.person_id, t.name)';

test('counts every value by the key that it names, and finds nothing where all is well', async () => {
  const { columns, findings, database } = await census();
  expect(findings).toEqual([]);
  expect(columns).toMatchObject([
    {
      table: 'app.token',
      column: 'secret',
      keyring: 'app.key',
      values: 50,
      groups: [
        {
          format: 'keyed',
          state: 'active',
          kek: world.kek,
          isNewest: true,
          keys: 10,
          values: 50,
          differing: 0,
        },
      ],
    },
  ]);
  expect(database).toMatch(/^test_/);
  await world.platform.query('create table saved as table app.token');
});

test('encrypted values in a column that the map does not know are found, and only looked for when asked', async () => {
  const { findings } = await census();
  expect(findings).toMatchObject([
    { code: 'column-undeclared', table: 'public.saved', column: 'secret', values: 50 },
  ]);
  expect((await census('declared')).findings).toEqual([]);
});

test.each([
  ['value-plain', `update app.token set secret = 'clear' ${someTokens}`],
  ['value-truncated', `update app.token set secret = substr(secret, 1, 101) ${someTokens}`],
  ['value-version', `update app.token set secret = set_byte(secret, 4, 9) ${someTokens}`],
  ['key-unknown', `update app.token set secret = set_byte(secret, 6, get_byte(secret, 6) # 1) ${someTokens}`],
  ['key-id-differs', `update app.token set key_id = gen_random_uuid() ${someTokens}`],
])('%s is found', async (code, change) => {
  const found = await censusAfter(change, restore);
  expect(found).toContainEqual([code, 3]);
});

test.each([
  ['key-old', 'decrypt-only'],
  ['key-compromised', 'compromised'],
])('%s is found', async (code, state) => {
  const found = await censusAfter(
    `update app.key set state = '${state}'`,
    `update app.key set state = 'active'`,
  );
  expect(found).toEqual([
    [code, 50],
    ['column-undeclared', 50],
  ]);
});

test('a column that is called encrypted and is no bytea is named, before anything is counted', async () => {
  await world.platform.query('alter table app.token alter secret type text');
  try {
    const error = {
      exitCode: 2,
      code: 'column-not-bytea',
      message: 'app.token.secret is text, and encrypted values are bytea',
      hints: expect.arrayContaining([expect.stringContaining('MAP42')]),
    };
    await expect(census('declared')).rejects.toMatchObject(error);
    const context = await world.context();
    const map = await context.map();
    const db = await context.openReader();
    const compromised = { what: 'keyring' } as const;
    const keyrings = keyringsOf(map).map((keyring) => ({ keyring, compromised }));
    await expect(blastOf(db, map, keyrings)).rejects.toMatchObject(error);
    await db.end();
  } finally {
    await world.platform.query('alter table app.token alter secret type bytea using secret::bytea');
  }
});

test('the server tells the form of a value as the reader of values does, whatever the bytes are', async () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }).map((rest) => Buffer.concat([columnMagic, rest])),
    fc.uint8Array({ maxLength: 200 }).map((rest) => Buffer.concat([columnMagic, Buffer.from([1, 1]), rest])),
    fc.constantFrom(Buffer.alloc(0), Buffer.concat([columnMagic, Buffer.from([1, 1]), randomBytes(96)])),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anything, { minLength: 1, maxLength: 50 }), async (values) => {
      const { rows } = await world.platform.query(
        `select ${formatOfValue('v')} as format,
           case when ${formatOfValue('v')} = 'keyed' then ${keyIdOfValue('v')}::text end as id
         from unnest($1::bytea[]) with ordinality u(v, n) order by n`,
        [values.map((value) => Buffer.from(value))],
      );
      expect(rows).toEqual(
        values.map((value) => {
          const read = readColumnValue(value);
          return typeof read === 'string'
            ? { format: read.replace('column-value-', ''), id: null }
            : { format: 'keyed', id: read.keyId };
        }),
      );
    }),
    { numRuns: 40 },
  );
});
