import { beforeAll, expect, test } from 'vitest';
import { connect, withConnection } from '../../src/lib/base/postgres.ts';
import type { TableData } from '../../src/lib/sandbox/generate/table.ts';
import { loadTable } from '../../src/lib/sandbox/load.ts';
import { testDatabase } from '../support/postgres.ts';

let url: string;
beforeAll(async () => {
  ({ url } = await testDatabase());
});
const options = { onRows: () => {}, signal: undefined, freeze: 'rows' } as const;

test('a value of every type arrives as it was', async () => {
  const columns = {
    a: 'bool',
    b: 'int2',
    c: 'int4',
    d: 'int8',
    e: 'text',
    f: 'ascii',
    g: 'text[]',
    h: 'jsonb',
    i: 'bytea',
    j: 'uuid',
    k: 'inet',
    l: 'cidr',
    m: 'timestamptz',
    n: 'date',
  } as const;
  const values = [
    true,
    -2,
    -70_000,
    -9_007_199_254_740_991,
    'Größe 😀\n\\N',
    'plain',
    ['a', 'b"c', 'ü,{}'],
    '{"k":[1,null]}',
    Buffer.from([0, 255, 1]),
    '00112233-4455-6677-8899-aabbccddeeff',
    '192.0.2.7',
    '10.0.0.0/8',
    Date.UTC(1999, 0, 2, 3, 4, 5, 678),
    1,
  ] as const;
  const rows: TableData['rows'] = () => [
    values,
    values.map(() => null),
    [...values.slice(0, 6), [], ...values.slice(7)],
  ];
  await withConnection({ url, role: 'test' }, async (client) => {
    const types = Object.entries(columns).map(
      ([name, type]) => `${name} ${type === 'ascii' ? 'text' : type}`,
    );
    await client.query(`CREATE TABLE kinds (${types.join(', ')})`);
    expect(await loadTable(client, { table: 'kinds', columns, rows }, options)).toBe(3);
    const { rows: found } = await client.query<Record<string, unknown>>(
      'SELECT a, b, c, d::text, e, f, g, h::text, i, j, k::text, l::text, extract(epoch FROM m)::text AS m, n::text FROM kinds',
    );
    expect(Object.values(found[0] as object)).toEqual([
      true,
      -2,
      -70_000,
      '-9007199254740991',
      'Größe 😀\n\\N',
      'plain',
      ['a', 'b"c', 'ü,{}'],
      '{"k": [1, null]}',
      Buffer.from([0, 255, 1]),
      '00112233-4455-6677-8899-aabbccddeeff',
      '192.0.2.7/32',
      '10.0.0.0/8',
      '915246245.678000',
      '1970-01-02',
    ]);
    expect(new Set(Object.values(found[1] as object))).toEqual(new Set([null]));
    expect((found[2] as { g: unknown }).g).toEqual([]);
  });
});

test('values larger than a chunk, and many chunks, arrive whole', async () => {
  const big = 'ü'.repeat(3_000_000);
  const rows: TableData['rows'] = () => [
    [big],
    ...Array.from({ length: 5_000 }, (_, index) => [`${index} ${'x'.repeat(1_000)}`]),
  ];
  await withConnection({ url, role: 'test' }, async (client) => {
    await client.query('CREATE TABLE big (t text)');
    await loadTable(client, { table: 'big', columns: { t: 'text' }, rows }, options);
    const { rows: found } = await client.query(
      'SELECT count(*)::int AS n, max(length(t)) AS longest, count(DISTINCT t)::int AS d FROM big',
    );
    expect(found).toEqual([{ n: 5_001, longest: 3_000_000, d: 5_001 }]);
  });
});

test('a row that PostgreSQL refuses fails the load and leaves the table as it was', async () => {
  const client = await connect({ url, role: 'test' });
  await client.query("CREATE TABLE strict (t text CHECK (t <> 'no'))");
  await client.query("INSERT INTO strict VALUES ('before')");
  const data = { table: 'strict', columns: { t: 'text' }, rows: () => [['yes'], ['no']] } as const;
  await expect(loadTable(client, data, options)).rejects.toMatchObject({ code: '23514' });
  await client.end();
  const { rows } = await withConnection({ url, role: 'test' }, (other) =>
    other.query('SELECT t FROM strict'),
  );
  expect(rows).toEqual([{ t: 'before' }]);
});
