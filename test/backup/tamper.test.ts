import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backupRestore } from '../../src/lib/backup/restore/kind.ts';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { readPackets } from '../../src/lib/crypto/openpgp-packet.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { testServer } from '../support/postgres.ts';
import { type Alterations, alteredStore, flipped } from './altered-store.ts';
import { type TwoSets, twoSets } from './two-sets.ts';

let world: TwoSets;

beforeAll(async () => {
  world = await twoSets();
});

afterAll(() => world?.close());

const altered = (changes: Alterations) => ({
  ...world.sets,
  store: alteredStore(world.sets.store, changes),
});

const part = 'platform/30-data/000001-00001.sql.zst.pgp';

/** Where the classes of bytes of a message begin, as RFC 9580 §4 and §5 lay them out. */
function messageBytes(message: Uint8Array): Readonly<Record<string, number>> {
  const packets = [...readPackets(message)];
  const body = (index: number) => (packets[index]?.pieces[0]?.byteOffset ?? 0) - message.byteOffset;
  return {
    'first session key packet, tag': 0,
    'first session key packet, length': 1,
    'first session key packet, key id': body(0) + 3,
    'first session key packet, wrapped key': body(1) - 10,
    'second session key packet, tag': body(0) + (packets[0]?.size ?? 0),
    'second session key packet, body': body(1) + 20,
    'encrypted packet, tag': body(1) + (packets[1]?.size ?? 0),
    'encrypted packet, version': body(2),
    'encrypted packet, prefix': body(2) + 5,
    'encrypted packet, middle': Math.floor((body(2) + message.byteLength) / 2),
    'encrypted packet, modification detection code': message.byteLength - 1,
  };
}

test('an unchanged set has no findings, with a key or without', async () => {
  expect(await world.verify()).toMatchObject({ findings: [], opened: false, rows: null });
  expect(await world.verify({ keys: world.secretKeys })).toMatchObject({
    findings: [],
    opened: true,
    rows: 150_100,
  });
});

test.each([part, 'platform/60-post-data.sql.zst.pgp', 'platform/40-large-objects/00001.sql.zst.pgp'])(
  'one flipped bit in any class of bytes of %s is found',
  async (file) => {
    const bytes = await world.read(file);
    for (const [name, offset] of Object.entries(messageBytes(bytes))) {
      const sets = altered(new Map([[world.key(file), flipped(bytes, offset)]]));
      const { findings } = await world.verify({ sets });
      expect(findings, name).toMatchObject([{ kind: 'changed', file }]);
    }
  },
);

test('one flipped bit at the beginning, the middle or the end of any file is found, and the file is named', async () => {
  for (const file of world.files) {
    const bytes = await world.read(file);
    for (const offset of [0, Math.floor(bytes.byteLength / 2), -1]) {
      const sets = altered(new Map([[world.key(file), flipped(bytes, offset)]]));
      const { findings } = await world.verify({ sets });
      // Some characters of an armor mean nothing, such as the last line feed.
      if (findings.length === 0) expect([file, offset]).toEqual([expect.stringMatching(/\.asc$/), -1]);
      // A changed list does not fit its signature: which of the two was changed cannot be told.
      else
        expect(findings, `${file} at ${offset}`).toContainEqual(
          expect.objectContaining({ file: file === 'SHA256SUMS' ? 'SHA256SUMS.asc' : file }),
        );
    }
  }
});

test('with a key too, each changed file is named, and the rows of the others are still counted', async () => {
  const changed = [
    'SHA256SUMS.asc',
    'manifest.json.pgp',
    'manifest.json.pgp.asc',
    'set.json',
    part,
    'restore.sh',
  ];
  for (const file of changed) {
    const bytes = await world.read(file);
    const sets = altered(new Map([[world.key(file), flipped(bytes, Math.floor(bytes.byteLength / 2))]]));
    const { findings } = await world.verify({ sets, keys: world.secretKeys });
    expect(findings, file).toMatchObject([{ file }]);
  }
});

test('a file cut to nothing, one byte, half, or one byte less is found', async () => {
  for (const file of world.files) {
    const bytes = await world.read(file);
    for (const size of [0, 1, Math.floor(bytes.byteLength / 2), bytes.byteLength - 1]) {
      const sets = altered(new Map([[world.key(file), bytes.subarray(0, size)]]));
      const { findings } = await world.verify({ sets });
      if (findings.length === 0)
        expect([file, size]).toEqual([expect.stringMatching(/\.asc$/), bytes.byteLength - 1]);
      else
        expect(findings, `${file} cut to ${size}`).toContainEqual(
          expect.objectContaining({ file: file === 'SHA256SUMS' ? 'SHA256SUMS.asc' : file }),
        );
    }
  }
});

test('a missing file is found, whichever it is, by a look at the listing alone', async () => {
  for (const file of world.files) {
    const sets = altered(new Map([[world.key(file), undefined]]));
    for (const level of ['list', 'full'] as const) {
      const { findings } = await world.verify({ sets, level });
      expect(findings, file).toMatchObject([{ kind: 'missing', file }]);
    }
  }
});

test('a file that nobody signed is found', async () => {
  for (const file of [
    'platform/30-data/000009-00001.sql.zst.pgp',
    'extra',
    'platform/30-data/000001-00001.sql.zst.pgp.bak',
  ]) {
    const sets = altered(new Map([[world.key(file), Buffer.from('x')]]));
    expect((await world.verify({ sets, level: 'list' })).findings).toMatchObject([
      { kind: 'unlisted', file },
    ]);
  }
});

test("two parts in each other's place are found", async () => {
  const other = 'platform/30-data/000001-00002.sql.zst.pgp';
  const sets = altered(
    new Map([
      [world.key(part), await world.read(other)],
      [world.key(other), await world.read(part)],
    ]),
  );
  const { findings } = await world.verify({ sets, keys: world.secretKeys });
  expect(new Set(findings.filter(({ kind }) => kind === 'changed').map(({ file }) => file))).toEqual(
    new Set([part, other]),
  );
});

describe('an older set of the same signer', () => {
  const replay = async (files: readonly string[]) =>
    altered(
      new Map(
        await Promise.all(
          files.map(async (file) => {
            const old = await world.sets.store.get(`${world.sets.prefix}${world.older}/${file}`);
            return [world.key(file), old] as const;
          }),
        ),
      ),
    );

  test('does not pass in the place of a newer one, although every signature is right', async () => {
    const sets = await replay(world.files);
    const { findings } = await world.verify({ sets, keys: world.secretKeys });
    expect(findings).toMatchObject([
      { file: 'set.json', message: expect.stringContaining(`the set ${world.older}`) },
    ]);
    await expect(restoreFrom(sets)).rejects.toMatchObject({ exitCode: 5, code: 'set-misplaced' });
  });

  test('cannot lend its manifest, its list or a part', async () => {
    const manifest = await replay(['manifest.json.pgp', 'manifest.json.pgp.asc']);
    expect((await world.verify({ sets: manifest, keys: world.secretKeys })).findings).toContainEqual(
      expect.objectContaining({ kind: 'changed', file: 'manifest.json.pgp' }),
    );
    await expect(restoreFrom(manifest)).rejects.toMatchObject({ exitCode: 5, code: 'file-changed' });
    const list = await replay(['SHA256SUMS', 'SHA256SUMS.asc']);
    expect((await world.verify({ sets: list })).findings).toMatchObject([{ file: 'set.json' }]);
    const data = await replay([part]);
    expect((await world.verify({ sets: data })).findings).toContainEqual(
      expect.objectContaining({ kind: 'changed', file: part }),
    );
  });

  test('that is no longer the one before this one breaks the chain', async () => {
    const key = `${world.sets.prefix}${world.older}/manifest.json.pgp`;
    const replaced = altered(new Map([[key, await world.read('manifest.json.pgp')]]));
    expect((await world.verify({ sets: replaced })).findings).toMatchObject([{ kind: 'chain' }]);
    const expired = altered(new Map([[key, undefined]]));
    expect((await world.verify({ sets: expired })).findings).toEqual([]);
  });
});

test('a set by a signer whom nobody trusts is not believed', async () => {
  const sets = { ...world.sets, trustedSigners: [world.keys.operations.publicKey] };
  expect((await world.verify({ sets })).findings).toMatchObject([
    {
      kind: 'signature',
      file: 'SHA256SUMS.asc',
      message: expect.stringContaining('not among the trusted keys'),
    },
  ]);
  await expect(restoreFrom(sets)).rejects.toMatchObject({ exitCode: 5, code: 'signer-unknown' });
});

describe('a restore', () => {
  test('is not even planned when the list, its signature, the stub, the manifest or its signature is changed', async () => {
    for (const file of [
      'SHA256SUMS',
      'SHA256SUMS.asc',
      'set.json',
      'manifest.json.pgp',
      'manifest.json.pgp.asc',
    ]) {
      const bytes = await world.read(file);
      const sets = altered(new Map([[world.key(file), flipped(bytes, Math.floor(bytes.byteLength / 2))]]));
      await expect(restoreFrom(sets), file).rejects.toMatchObject({ exitCode: 5 });
    }
  });

  test('stops at a changed part or script, and goes on once it is whole again', async () => {
    const context = await world.restoreContext();
    const plan = await planRestore(context, world.newer, { database: `tampered_${process.pid}` });
    await savePlan(context, plan);
    for (const file of ['platform/20-pre-data.sql.zst.pgp', part, 'platform/60-post-data.sql.zst.pgp']) {
      const sets = altered(new Map([[world.key(file), flipped(await world.read(file), -1)]]));
      const changed = await world.restoreContext({ sets });
      await expect(applyPlan(changed, backupRestore, plan.id), file).rejects.toMatchObject({
        exitCode: 5,
        code: 'file-changed',
        message: expect.stringContaining(`${file} is not what was signed`),
        hints: expect.arrayContaining([expect.stringMatching(/^afterwards, `postern plan apply .* goes on/)]),
      });
      expect(await databases()).not.toContain(`tampered_${process.pid}`);
    }
    await applyPlan(context, backupRestore, plan.id);
    expect(await databases()).toContain(`tampered_${process.pid}`);
    await onServer(`drop database tampered_${process.pid}`);
  });
});

async function restoreFrom(sets: TwoSets['sets']): Promise<unknown> {
  return planRestore(await world.restoreContext({ sets }), world.newer, { database: 'never_made' });
}

async function databases(): Promise<readonly string[]> {
  const rows = await onServer('select datname::text as name from pg_database');
  return rows.map(({ name }) => name);
}

async function onServer(sql: string): Promise<readonly { readonly name: string }[]> {
  const { url } = await testServer();
  return withConnection(
    { url, role: 'test' },
    async (client) => (await client.query<{ name: string }>(sql)).rows,
  );
}
