import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAsWanted, type JudgedAnswer, judge } from '../../../src/lib/key/dkim/judge.ts';
import { makePrivateKey, publicHalf } from '../../../src/lib/key/dkim/key-pair.ts';
import { observeSelector } from '../../../src/lib/key/dkim/observe.ts';
import type { WantedRecord } from '../../../src/lib/key/dkim/state.ts';
import { describeWith } from '../../support/optional.ts';
import { type DkimWorld, dkimWorld } from './dkim-world.ts';

describeWith(['knotd', 'named', 'nsupdate'], 'a selector behind a CNAME', (programs) => {
  // A world for each test: its resolver remembers nothing of the others.
  let world: DkimWorld;
  let pem: string;
  beforeEach(async () => {
    world = await dkimWorld(programs);
    pem = await makePrivateKey('rsa-2048');
  });
  afterEach(() => world?.close());

  const name = 's1._domainkey.example.test';
  const alias = (target: string) => `update add ${name} 1 IN CNAME ${target}.`;
  const ask = async (wanted: WantedRecord = 'key'): Promise<readonly JudgedAnswer[]> => {
    const observation = await observeSelector('example.test', 's1', world.context.dns, () => new Date());
    return judge(observation, publicHalf(pem, 'a key'), wanted);
  };
  const told = (answers: readonly JudgedAnswer[]) =>
    answers.map(({ asked, verdict, reason }) => [asked.split('.')[0], verdict, reason]);

  test('is asked for where the CNAME leads', async () => {
    await world.publish('real', { pem });
    await world.dns.update([alias('real._domainkey.example.test')]);
    const answers = await ask();
    const follows = 'it has a CNAME to real._domainkey.example.test';
    expect(told(answers)).toEqual([
      ['s1', 'not counted', follows],
      ['s1', 'not counted', follows],
      ['real', 'as wanted', ''],
      ['real', 'as wanted', ''],
      ['s1', 'as wanted', ''],
    ]);
    expect(isAsWanted(answers)).toBe(true);
    expect(isAsWanted(await ask('absent'), 'authoritative')).toBe(false);
  });

  test('that leads elsewhere on another server is a finding', async () => {
    await world.publish('real', { pem });
    await world.dns.update([alias('real._domainkey.example.test')], [world.dns.first]);
    await world.dns.update([alias('real.other.test')], [world.dns.second]);
    const answers = await ask();
    expect(told(answers).slice(0, 2)).toEqual([
      [
        's1',
        'finding',
        'its CNAME leads to real._domainkey.example.test, and that of another server elsewhere',
      ],
      ['s1', 'finding', 'its CNAME leads to real.other.test, and that of another server elsewhere'],
    ]);
    expect(isAsWanted(answers, 'authoritative')).toBe(false);
  });

  test('in a circle is a finding, and nothing that is published', async () => {
    await world.dns.update([alias('b.example.test'), `update add b.example.test 1 IN CNAME ${name}.`]);
    const answers = await ask();
    const reason = 'its CNAME leads to b.example.test, and nowhere from there';
    expect(told(answers).slice(0, 2)).toEqual([
      ['s1', 'finding', reason],
      ['s1', 'finding', reason],
    ]);
    for (const wanted of ['key', 'revoked', 'absent'] as const)
      expect(isAsWanted(await ask(wanted), 'authoritative')).toBe(false);
  });

  test('that leads to itself is one too', async () => {
    await world.dns.update([alias(name)]);
    expect(isAsWanted(await ask(), 'authoritative')).toBe(false);
    expect(isAsWanted(await ask('revoked'), 'authoritative')).toBe(false);
  });
});
