import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { egressBudget } from '../../src/lib/backup/verify/index.ts';
import type { VerifyTarget } from '../../src/lib/backup/verify/job.ts';
import { asOfSeed, chooseSample, newSeed } from '../../src/lib/backup/verify/sample.ts';
import { sql } from './round-trip.ts';
import { type VerifyWorld, verifyWorld } from './verify-world.ts';

const target = (name: string): VerifyTarget => ({
  name,
  key: name,
  sha256: '',
  size: 1,
  entry: undefined,
  opener: undefined,
  base: undefined,
});

const part = (number: number) => `platform/30-data/000001-${String(number).padStart(5, '0')}.sql.zst.pgp`;

const files = [
  'README.txt',
  'manifest.json.pgp',
  'platform/20-pre-data.sql.zst.pgp',
  'platform/60-post-data.sql.zst.pgp',
  'platform/40-large-objects/00001.sql.zst.pgp',
  'objects/index-00001.jsonl.zst.pgp',
  'objects/000001.tar.zst.pgp',
  ...Array.from({ length: 200 }, (_, index) => part(index + 1)),
].map(target);

const namesOf = (chosen: readonly VerifyTarget[]) => chosen.map(({ name }) => name);
const sample = (percentage: number, seed: string, seen: readonly string[] = []) =>
  namesOf(chooseSample(files, { percentage, seed, seen: new Set(seen) }));

describe('a sample', () => {
  test('holds every clear file, the manifest, and at least one file of each kind', () => {
    const chosen = sample(0.001, 'a');
    expect(chosen).toHaveLength(8);
    expect(chosen).toEqual(expect.arrayContaining(namesOf(files.slice(0, 7))));
  });

  test('has the percentage that was asked for, is the same for the same seed, and another for another', () => {
    fc.assert(
      fc.property(fc.double({ min: 4, max: 100, noNaN: true }), fc.string(), (percentage, seed) => {
        const chosen = sample(percentage, seed);
        expect(chosen).toHaveLength(2 + Math.ceil((205 * percentage) / 100));
        expect(sample(percentage, seed)).toEqual(chosen);
      }),
      { numRuns: 50 },
    );
    expect(sample(10, 'a')).not.toEqual(sample(10, 'b'));
  });

  test('takes files that were not looked at before, as long as there are any', () => {
    const seen: string[] = [];
    for (let round = 0; round < 10; round += 1) seen.push(...sample(12, `round ${round}`, seen));
    expect(new Set(seen).size).toBe(files.length);
  });

  test('is decided by a seed that may hold a time', () => {
    const time = '2026-03-01T02:00:00.000Z';
    expect(newSeed(undefined)).toMatch(/^[0-9a-f]{8}$/);
    expect(asOfSeed(newSeed(time))).toBe(time);
    expect(asOfSeed('9f2c41d0')).toBeUndefined();
    expect(asOfSeed('9f2c41d0@noon')).toBeUndefined();
  });
});

describe('a verification of a sample', () => {
  let world: VerifyWorld;

  beforeAll(async () => {
    world = await verifyWorld();
  });

  beforeEach(() => world.forget());

  afterAll(() => world?.close());

  const looked = async () =>
    (
      await sql<{ file: string }>(world.stateUrl, 'select file from postern.backup_file_check order by file')
    ).map(({ file }) => file);

  test('reads some parts and judges no table that it has not read whole', async () => {
    const full = await world.verify();
    const some = await world.verify({ level: 'sample=5%' });
    expect(some).toMatchObject({ outcome: 'passed', findings: [], opened: true });
    expect(some.checked.files).toBeLessThan(full.checked.files);
    expect(some.egress).toBeLessThan(full.egress);
    expect(some.seed).toMatch(/^[0-9a-f]{8}@20/);
  });

  test('is repeated by its seed, although its files have been looked at by then', async () => {
    await world.verify({ level: 'sample=5%' });
    const first = await world.verify({ level: 'sample=5%' });
    const seed = first.seed ?? '';
    await world.verify({ level: 'sample=5%' });
    await sql(world.stateUrl, `update postern.backup_file_check set checked_at = '2000-01-01'`);
    const again = await world.verify({ level: 'sample=5%', seed });
    expect(again).toMatchObject({ seed, checked: first.checked });
    const files = await sql<{ file: string }>(
      world.stateUrl,
      `select file from postern.backup_file_check where first_at >= '${seed.slice(9)}' and checked_at > '2001-01-01'`,
    );
    expect(files.length).toBeGreaterThan(0);
  });

  test('comes to every part in time', async () => {
    const { checked } = await world.verify();
    await world.forget();
    for (let round = 0; round < checked.files && (await looked()).length < checked.files - 2; round += 1)
      await world.verify({ level: 'sample=5%' });
    // The list of the set itself and its manifest are read by every run, and not recorded.
    expect(await looked()).toHaveLength(checked.files - 2);
  });

  test('that the egress cap has stopped goes on with the same files', async () => {
    const { egress } = await world.verify({ level: 'sample=60%', seed: 'fixed' });
    await world.forget();
    const first = await world.verify({
      level: 'sample=60%',
      seed: 'fixed',
      egress: egressBudget(egress - 1),
    });
    expect(first.outcome).toBe('incomplete');
    const second = await world.verify({ level: 'sample=60%', mode: 'resume' });
    expect(second).toMatchObject({ outcome: 'passed', seed: first.seed });
    expect(first.checked.files + first.remaining.files).toBe(second.checked.files + second.skipped.files);
  });

  test('finds a damaged file when it comes to it', async () => {
    const sets = await world.copy();
    await sets.store.put(world.key(world.part), Buffer.from('x'));
    const { findings } = await world.verify({ sets, level: 'sample=100%' });
    expect(findings).toMatchObject([{ kind: 'shadowed', file: world.part }]);
  });
});
