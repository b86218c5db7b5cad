import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adoptSelector } from '../../../src/lib/key/dkim/adopt.ts';
import { checkDomain } from '../../../src/lib/key/dkim/check.ts';
import { readCertificate } from '../../../src/lib/operation/certificate.ts';
import { loadCertificate } from '../../../src/lib/operation/certificate-store.ts';
import type { Plan } from '../../../src/lib/operation/plan.ts';
import { negativeTtl } from '../../support/dns-server.ts';
import { describeWith } from '../../support/optional.ts';
import { type DkimWorld, day, dkimWorld } from './dkim-world.ts';

describeWith(['knotd', 'named', 'nsupdate'], 'a rotation against real name servers', (programs) => {
  let world: DkimWorld;
  let plan: Plan;
  let oldKey: string;
  const month = new Date().toISOString().slice(0, 7).replace('-', '');
  const [rsa, ed] = [`rsa-${month}`, `ed25519-${month}`];
  beforeAll(async () => {
    world = await dkimWorld(programs);
    world.settings({ algorithms: ['rsa-2048', 'ed25519'] });
    oldKey = await world.publish('old');
    await adoptSelector(world.context, { domain: 'example.test', selector: 'old', keyFile: oldKey });
  });
  afterAll(() => world?.close());

  test('makes the keys, and waits until every server has the records', async () => {
    plan = await world.plan();
    expect(await world.wait(plan)).toMatch(
      new RegExp(
        `^step 2 of 8 .*not published everywhere: ${rsa}\\._domainkey\\.example\\.test at ns1.*there is no record`,
      ),
    );
    expect(await world.states()).toEqual({ old: 'active', [rsa]: 'prepared', [ed]: 'prepared' });
    const file = join(world.folder, 'example.test', `${rsa}.pem`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    // Nothing of the plan or its journal may hold a private key.
    const { rows } = await world.state.pool.query(
      'select text from postern.plan union select detail::text from postern.plan_journal',
    );
    expect(JSON.stringify(rows)).not.toContain('PRIVATE KEY');
    await world.changeZone([world.dns.first]);
    expect(await world.wait(plan)).toMatch(/ns2\.example\.test .*there is no record/);
    expect(await world.wait(plan)).not.toMatch(/ns1\.example\.test/);
  });

  test('waits until no resolver can remember that there was no record', async () => {
    await world.changeZone([world.dns.second]);
    expect(await world.wait(plan)).toMatch(/resolvers may remember that there were none/);
    expect(await world.states()).toMatchObject({ [rsa]: 'prepared' });
    world.pass(negativeTtl * 1000);
    // The resolver was asked while there was nothing, and has its own clock.
    await sleep(negativeTtl * 1000 + 200);
    expect(await world.wait(plan)).toMatch(/^step 4 of 8 .*old is in its grace until /);
  });

  test('signs with the new keys, and lets old mail arrive', async () => {
    expect(await world.states()).toEqual({ old: 'grace', [rsa]: 'active', [ed]: 'active' });
    expect(await readFile(join(world.folder, 'example.test', 'active'), 'utf8')).toBe(
      [
        `${ed} ed25519 ${join(world.folder, 'example.test', `${ed}.pem`)}\n`,
        `${rsa} rsa ${join(world.folder, 'example.test', `${rsa}.pem`)}\n`,
      ]
        .toSorted()
        .toReversed()
        .join(''),
    );
    world.pass(5 * day - 60_000);
    expect(await world.wait(plan)).toMatch(/old is in its grace/);
    expect(
      (await checkDomain(world.context, 'example.test')).selectors.flatMap(({ findings }) => findings),
    ).toEqual([]);
    world.pass(61_001);
    expect(await world.wait(plan)).toMatch(/^step 5 of 8 .*not revoked everywhere: .*it still has a key/);
  });

  test('revokes by an empty p=, holds, removes and destroys, and certifies what every server said', async () => {
    await world.changeZone();
    expect(await world.wait(plan)).toMatch(/^step 6 of 8 .*old is in its hold until /);
    world.pass(30 * day);
    expect(await world.wait(plan)).toMatch(/^step 7 of 8 .*not removed everywhere: .*it still has a record/);
    await world.changeZone();
    const { certificateId } = await world.apply(plan);
    expect(await world.states()).toEqual({ old: 'destroyed', [rsa]: 'active', [ed]: 'active' });
    await expect(stat(oldKey)).rejects.toMatchObject({ code: 'ENOENT' });
    const certificate = readCertificate(await loadCertificate(world.state.pool, certificateId ?? ''));
    const { predicate, subject } = certificate.statement;
    expect(subject.map(({ name }) => name)).toEqual([
      'plan',
      `${rsa}._domainkey.example.test`,
      `${ed}._domainkey.example.test`,
      'old._domainkey.example.test',
    ]);
    expect(predicate).toMatchObject({
      domain: 'example.test',
      reason: 'scheduled',
      made: [
        { selector: rsa, bits: 2048 },
        { selector: ed, keyType: 'ed25519' },
      ],
      retired: [{ selector: 'old', state: 'destroyed' }],
      planned: { queueLife: 5 * day, hold: 30 * day, negativeMemory: negativeTtl * 1000, recordMemory: 1000 },
    });
    const { happened } = predicate as { readonly happened: Readonly<Record<string, number>> };
    expect(happened['fromRecordsToSigning']).toBeGreaterThanOrEqual(negativeTtl * 1000);
    expect(happened['grace']).toBeGreaterThanOrEqual(5 * day + 1000);
    expect(happened['hold']).toBeGreaterThanOrEqual(30 * day);
    expect(happened['whole']).toBeGreaterThanOrEqual(35 * day);
    const steps = predicate['steps'] as readonly { readonly step: string; readonly asked?: unknown }[];
    expect(steps.find(({ step }) => step === 'await-revoked')?.asked).toMatchObject([
      {
        name: 'old._domainkey.example.test',
        servers: [
          { server: 'ns1.example.test 127.0.0.3', says: 'revoked', verdict: 'as wanted' },
          { server: 'ns2.example.test 127.0.0.4', says: 'revoked', verdict: 'as wanted' },
          { role: 'resolver' },
        ],
      },
    ]);
    expect(JSON.stringify(predicate)).not.toContain('PRIVATE');
  });

  test('leaves a domain in which everything is as wanted', async () => {
    const { findings, selectors } = await checkDomain(world.context, 'example.test');
    expect(findings).toEqual([]);
    expect(selectors.map(({ findings: found, unknown }) => [...found, ...unknown])).toEqual([[], [], []]);
  });
});
