import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Scan } from '../../../src/lib/platform/map/scan/index.ts';
import { sampleShare } from '../../../src/lib/platform/map/scan/sample/read-sample.ts';
import { look, type ScanWorld, scanWorld } from './scan-fixture.ts';
import { canary } from './scan-schemas/planted.ts';

const rows = 400_000;
const mebibyte = 2 ** 20;

describe('the scan of large tables', () => {
  let world: ScanWorld;
  let scan: Scan;
  let seconds: number;
  beforeAll(async () => {
    // Addresses in every row of a hundred, in the last ones only, in a single one, and in none.
    world = await scanWorld(`
      create table event (id int primary key, often text, late text, once text, once_doc jsonb, once_raw bytea, once_list text[], noisy text, never text not null);
      insert into event select n, case when n % 100 = 0 then encode(convert_to('${canary}' || n || '@example.org', 'UTF8'), 'base64') end,
        case when n > ${rows} - 3000 then '${canary}@example.org' end, case when n = 123456 then 'x ${canary}@example.org' end,
        case when n = 234567 then '{"rcpt": ["${canary}@example.org"]}'::jsonb end, case when n = 345678 then '${canary}@example.org'::bytea end,
        case when n = 45678 then array['x', '${canary}@example.org'] end, case when n = 234 * 1000 then '${canary}@example.org' else '@user' || n || ' @ work' end, 'nothing @ all ' || n
      from generate_series(1, ${rows}) n;
      create table part (id int not null, at date not null, mail text, primary key (id, at)) partition by range (at);
      create table part_a partition of part for values from ('2025-01-01') to ('2025-02-01');
      create table part_b partition of part for values from ('2025-02-01') to ('2025-03-01');
      insert into part select n, '2025-01-01'::date + n % 59, case when n % 59 > 55 then '${canary}@example.org' end from generate_series(1, 150000) n;
      create table big (id int primary key, body text);
      alter table big alter body set storage external;
      insert into big select n, repeat('0123456789abcdef', 65536) || ' ${canary}@example.org' from generate_series(1, 60) n;
      analyze`);
    const start = performance.now();
    scan = await world.scan();
    seconds = (performance.now() - start) / 1000;
  });
  afterAll(() => world?.database.drop());

  const found = (table: string): Readonly<Record<string, string>> =>
    Object.fromEntries(
      scan.proposals
        .filter((proposal) => proposal.table === table && proposal.reason.startsWith('addresses in '))
        .map(({ column, reason }) => [column, reason]),
    );

  it('counts rows itself where the server has not counted them', async () => {
    await world.sql(
      `create table fresh as select n as id, repeat(md5(n::text), 60) as a, null::text as mail from generate_series(1, 60000) n`,
    );
    const { text } = await world.scan();
    const [, read = ''] = /public\.fresh:\n {4}# ([\d,]+) rows read, from pages spread/.exec(text) ?? [];
    expect(Number(read.replaceAll(',', ''))).toBeGreaterThan(12_000);
    await world.sql('drop table fresh');
  });

  it('reads a part of the rows, from pages spread over the table', () => {
    const [, text = ''] = /public\.event:\n {4}# ([\d,]+) rows read, from pages spread/.exec(scan.text) ?? [];
    const read = Number(text.replaceAll(',', ''));
    expect(read).toBeGreaterThan(15_000);
    expect(read).toBeLessThan(30_000);
    expect(seconds).toBeLessThan(30);
  });

  it('finds addresses that are rare, and such that one row alone has', () => {
    const columns = found('public.event');
    expect(Object.keys(columns).sort()).toEqual([
      'late',
      'noisy',
      'often',
      'once',
      'once_doc',
      'once_list',
      'once_raw',
    ]);
    expect(columns['often']).toContain('in base64');
    // These were in no sampled page: the server found them.
    expect(columns['once']).toContain('in 1 of 1 value');
    expect(columns['never']).toBeUndefined();
  });

  it('samples all partitions of a table', () => {
    expect(found('public.part')['mail']).toMatch(/in clear, each the whole of it$/);
    expect(scan.text).not.toContain('public.part_a');
  });

  it('finds what stands behind the first megabyte of every value without reading it all', () => {
    expect(found('public.big')['body']).toContain('in clear');
  });

  it('gives up a table that takes too long, and says so', async () => {
    const impatient = await world.scan({ look: { ...look, limits: { ...look.limits, time: 1 } } });
    expect(impatient.unseen).toContainEqual({
      table: 'public.big',
      column: null,
      reason: 'it took too long to answer',
    });
    expect(impatient.text).toContain('# not read: it took too long to answer');
  });

  it('ends at once when somebody stops it', async () => {
    await expect(
      world.scan({ look: { ...look, signal: AbortSignal.abort(new Error('stopped')) } }),
    ).rejects.toThrow('stopped');
  });
});

describe('the share of pages', () => {
  const { limits } = look;
  it.each([
    ['a small table', { bytes: 4 * mebibyte, toastBytes: 0, rows: 1e6 }, 100],
    ['a table with as many rows as are read', { bytes: 8 * mebibyte, toastBytes: 0, rows: 20_000 }, 100],
    ['ten times as many rows', { bytes: 30 * mebibyte, toastBytes: 0, rows: 200_000 }, 10],
    ['few rows with large values', { bytes: 80 * mebibyte, toastBytes: 240 * mebibyte, rows: 1000 }, 10],
    ['a table of terabytes', { bytes: 2 ** 40, toastBytes: 0, rows: 1e10 }, 0.0002],
  ])('of %s', (_, size, share) => expect(sampleShare(size, limits)).toBeCloseTo(share, 5));
});
