import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { adoptSelector } from '../../../src/lib/key/dkim/adopt.ts';
import { makePrivateKey } from '../../../src/lib/key/dkim/key-pair.ts';
import { rotateDkim } from '../../../src/lib/key/dkim/kind.ts';
import { applyPlan } from '../../../src/lib/operation/apply.ts';
import { cancelPlan } from '../../../src/lib/operation/cancel.ts';
import { negativeTtl } from '../../support/dns-server.ts';
import { describeWith } from '../../support/optional.ts';
import { type DkimWorld, day, dkimWorld } from './dkim-world.ts';

describeWith(['knotd', 'named', 'nsupdate'], 'a rotation that does not go smoothly', (programs) => {
  let world: DkimWorld;
  const fresh = `rsa-${new Date().toISOString().slice(0, 7).replace('-', '')}`;
  beforeEach(async () => {
    world = await dkimWorld(programs);
    // The resolver is asked in the tests of the smooth one, whose caches it makes wait.
    Object.assign(world.context.dns, {
      resolvers: [],
      authoritative: () => [world.dns.first, world.dns.second],
    });
    const keyFile = await world.publish('old');
    await adoptSelector(world.context, { domain: 'example.test', selector: 'old', keyFile });
  });
  afterEach(() => world?.close());
  const active = () => readFile(join(world.folder, 'example.test', 'active'), 'utf8');

  test('after a compromise, signing ends and the key is revoked before the new one is there', async () => {
    const plan = await world.plan({ reason: 'compromised' });
    expect(rotateDkim(plan).danger).toBe('severe');
    expect(await world.wait(plan)).toMatch(/^step 3 of 8 is not done yet: not published everywhere/);
    expect(await world.states()).toEqual({ old: 'revoking', [fresh]: 'prepared' });
    expect(await active()).toBe('');
    await world.changeZone();
    expect(await world.wait(plan)).toMatch(/resolvers may remember/);
    world.pass(negativeTtl * 1000);
    expect(await world.wait(plan)).toMatch(/^step 6 of 8 is not done yet: old is in its hold/);
    expect(await active()).toMatch(new RegExp(`^${fresh} rsa `));
    expect(await world.states()).toEqual({ old: 'revoked', [fresh]: 'active' });
  });

  test('a rotation that is under way is refused a second time, but for a compromise, which overtakes it', async () => {
    const first = await world.plan();
    await world.wait(first);
    await expect(world.plan()).rejects.toMatchObject({ code: 'dkim-rotation-under-way', exitCode: 6 });
    const second = await world.plan({ reason: 'compromised' });
    expect(second.body.inputs).toMatchObject({ make: [{ selector: `${fresh}-2` }] });
    await world.wait(second);
    expect(await world.states()).toEqual({
      old: 'revoking',
      [fresh]: 'revoking',
      [`${fresh}-2`]: 'prepared',
    });
    await expect(world.apply(first)).rejects.toMatchObject({ code: 'dkim-superseded', exitCode: 6 });
  });

  test('a selector that the zone has a record for is not used', async () => {
    await world.dns.update(
      [`update add ${fresh}._domainkey.example.test 1 IN TXT "v=DKIM1; p="`],
      [world.dns.second],
    );
    await expect(world.plan()).rejects.toMatchObject({ code: 'dkim-selector-taken', exitCode: 6 });
    await world.dns.update([
      `update delete ${fresh}._domainkey.example.test TXT`,
      'update add *._domainkey.example.test 1 IN TXT "wild"',
    ]);
    await expect(world.plan()).rejects.toMatchObject({ code: 'dkim-selector-taken' });
  });

  test('a plan is stale once another selector is known', async () => {
    const plan = await world.plan();
    const keyFile = await world.publish('another');
    await adoptSelector(world.context, { domain: 'example.test', selector: 'another', keyFile });
    await expect(world.apply(plan)).rejects.toMatchObject({ code: 'plan-stale', exitCode: 6 });
  });

  test('after a compromise, signing ends although nobody answers; otherwise nothing is planned without an answer', async () => {
    const nobody = { address: '127.0.0.9', port: world.dns.root.port };
    Object.assign(world.context.dns, { resolvers: [nobody], authoritative: () => undefined });
    await expect(world.plan()).rejects.toMatchObject({ code: 'dns-unanswered', exitCode: 4 });
    const plan = await world.plan({ reason: 'compromised' });
    expect(plan.body.inputs).toMatchObject({ negativeMemory: 3 * 3_600_000, recordMemory: 0 });
    await expect(world.apply(plan)).rejects.toMatchObject({ exitCode: 7 });
    expect(await active()).toBe('');
    expect(await world.states()).toMatchObject({ old: 'revoking' });
  });

  test('two keys of one type are refused', async () => {
    await expect(world.plan({ algorithms: ['rsa-2048', 'rsa-4096'] })).rejects.toMatchObject({
      code: 'dkim-algorithms',
    });
  });

  test('only keys of the algorithm that is asked for are exchanged', async () => {
    const plan = await world.plan({ algorithms: ['ed25519'] });
    expect(plan.body.inputs).toMatchObject({ make: [{ algorithm: 'ed25519' }], retire: [] });
    expect(plan.body.steps.map(({ kind }) => kind)).toEqual(['make-keys', 'await-published', 'sign']);
  });

  test('what a plan that was given up leaves behind is retired by the next one', async () => {
    const first = await world.plan();
    await world.wait(first);
    await cancelPlan(world.context, first.id, { reason: 'test', whenStarted: 'abandon' });
    expect(await rotateDkim(first).leftovers?.(world.context, first)).toEqual([
      expect.stringMatching(new RegExp(`^${fresh}\\._domainkey\\.example\\.test is prepared: `)),
    ]);
    const second = await world.plan();
    expect(second.body.inputs).toMatchObject({
      make: [{ selector: `${fresh}-2` }],
      retire: [{ selector: 'old' }, { selector: fresh }],
    });
  });

  test('a private key that was exchanged behind the register signs nothing', async () => {
    const plan = await world.plan();
    await world.wait(plan);
    await world.changeZone();
    await world.wait(plan);
    world.pass(negativeTtl * 1000);
    await writeFile(join(world.folder, 'example.test', `${fresh}.pem`), await makePrivateKey('rsa-2048'));
    await expect(world.apply(plan)).rejects.toMatchObject({ code: 'dkim-key-exchanged', exitCode: 5 });
    expect(await world.states()).toMatchObject({ old: 'active' });
    await expect(active()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a file that lies where a new key would is not taken for one', async () => {
    const folder = join(world.folder, 'example.test');
    await mkdir(folder);
    await writeFile(join(folder, `${fresh}.pem`), await makePrivateKey('rsa-2048'));
    await expect(world.plan()).rejects.toMatchObject({ code: 'dkim-key-file-taken', exitCode: 6 });
  });

  test('a program that does not tell the signer stops the plan, and is run again', async () => {
    const told = join(world.folder, 'told');
    const script = join(world.folder, 'activate.sh');
    await writeFile(script, `#!/bin/sh\ncp "$POSTERN_DKIM_ACTIVE" ${told} || exit 1\n`, { mode: 0o700 });
    world.settings({ activate: ['/bin/sh', '-c', 'echo "no signer here" >&2; exit 3'] });
    const plan = await world.plan();
    await world.wait(plan);
    await world.changeZone();
    await world.wait(plan);
    world.pass(negativeTtl * 1000);
    await expect(world.apply(plan)).rejects.toMatchObject({
      exitCode: 7,
      message: expect.stringMatching(/^step 3 of 8 failed: .*no signer here$/),
    });
    expect(await world.states()).toEqual({ old: 'active', [fresh]: 'published' });
    world.settings({ activate: [script] });
    expect(await world.wait(plan)).toMatch(/^step 4 /);
    expect(await readFile(told, 'utf8')).toBe(await active());
  });

  test('every step done twice, as after a kill, is as if done once', async () => {
    const plan = await world.plan();
    const kind = rotateDkim(plan);
    const twice = {
      ...kind,
      applyStep: async (...step: Parameters<typeof kind.applyStep>) => {
        await kind.applyStep(...step);
        return kind.applyStep(...step);
      },
    };
    const run = () => applyPlan(world.context, twice, plan.id).catch((error: unknown) => error);
    await run();
    const pem = await readFile(join(world.folder, 'example.test', `${fresh}.pem`), 'utf8');
    await world.changeZone();
    await run();
    for (const time of [negativeTtl * 1000, 5 * day + 2000, 0, 30 * day, 0]) {
      world.pass(time);
      await run();
      await world.changeZone().catch(() => {});
    }
    expect(await run()).toMatchObject({ code: 'plan-applied' });
    expect(await world.states()).toEqual({ old: 'destroyed', [fresh]: 'active' });
    expect(await readFile(join(world.folder, 'example.test', `${fresh}.pem`), 'utf8')).toBe(pem);
    await expect(stat(join(world.folder, 'old.private'))).rejects.toMatchObject({ code: 'ENOENT' });
    const { rows } = await world.state.pool.query(
      'select state, count(*)::int from postern.dkim_event group by 1',
    );
    expect(rows.every(({ count, state }) => count === (state === 'active' ? 2 : 1))).toBe(true);
  });
});
