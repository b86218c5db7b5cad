import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { withConnection } from '../../../src/lib/base/postgres.ts';
import { makePrivateKey, publicHalf } from '../../../src/lib/key/dkim/key-pair.ts';
import { recordText } from '../../../src/lib/key/dkim/record.ts';
import { type CliWorld, cliWorld, start } from '../../cli/cli-world.ts';
import { type DnsWorld, startDnsWorld } from '../../support/dns-server.ts';
import { describeWith } from '../../support/optional.ts';

describeWith(['knotd', 'named', 'nsupdate'], 'a rotation that is killed', (programs) => {
  let world: CliWorld;
  let dns: DnsWorld;
  beforeAll(async () => {
    [world, dns] = await Promise.all([cliWorld(), startDnsWorld(programs)]);
    const config = parse(await readFile(join(world.folder, 'postern.yaml'), 'utf8'));
    const { port } = dns.first;
    const domain = { queue_life: '1s', hold: '1s', ttl: '1s', authoritative: [`127.0.0.3:${port}`] };
    const nsupdate = { server: `127.0.0.3:${port}`, key_file: dns.keyFile };
    config.profiles.test.keys = {
      dkim: {
        folder: 'dkim',
        resolvers: [`127.0.0.3:${port}`],
        domains: { 'example.test': { ...domain, nsupdate } },
      },
    };
    await world.file('postern.yaml', stringify(config));
    await world.must('state', 'migrate');
    await world.must('certificate', 'keys', 'init', '--directory', 'keys');
    const key = await makePrivateKey('rsa-2048');
    await world.file('old.pem', key);
    const text = recordText('rsa', publicHalf(key, 'old.pem').publicKey);
    const strings = `"${text.slice(0, 200)}" "${text.slice(200)}"`;
    await dns.update([`update add old._domainkey.example.test 1 IN TXT ${strings}`], [dns.first]);
    await world.must('key', 'dkim', 'adopt', 'example.test', 'old', '--key-file', 'old.pem');
  });
  afterAll(async () => {
    await dns?.stop();
    await world?.close();
  });

  /** What an operator does now and then. */
  const changeZone = async (): Promise<void> => {
    const { stdout } = await world.must(
      'key',
      'dkim',
      'zone',
      'example.test',
      '--nsupdate',
      'change.txt',
      '--json',
    );
    const { nsupdateFile } = JSON.parse(stdout).result;
    if (nsupdateFile !== null)
      await promisify(execFile)(programs.nsupdate, ['-k', dns.keyFile, nsupdateFile]);
  };

  test('again and again goes on, and does nothing twice', async () => {
    const planned = await world.must('key', 'rotate', 'dkim', 'example.test', '--plan-only', '--json');
    const plan: string = JSON.parse(planned.stdout).result.plan;
    let kills = 0;
    let code: number | string = 7;
    for (let round = 0; round < 80 && code !== 0; round += 1) {
      const run = start(['plan', 'apply', plan, '--yes'], world.folder);
      // Later and later, so that every part of a run is hit once.
      const after = 150 + ((round * 67) % 400);
      const killer = kills < 10 ? setTimeout(() => run.signal('SIGKILL'), after) : undefined;
      code = await run.ended;
      clearTimeout(killer);
      if (code === 'SIGKILL') kills += 1;
      // Killed between its last entry and its end.
      if (code === 6 && run.stderr().includes('was applied')) code = 0;
      // A killed run's lock goes with its session, which the server may notice a moment later.
      expect([0, 7, 11, 'SIGKILL'], run.stderr()).toContain(code);
      if (round % 4 === 3 || kills >= 10) await changeZone();
    }
    expect({ code, kills }).toEqual({ code: 0, kills: expect.any(Number) });
    expect(kills).toBeGreaterThanOrEqual(5);
    const { stdout } = await world.must('key', 'dkim', 'list', '--json');
    const { selectors } = JSON.parse(stdout).result;
    expect(selectors).toMatchObject([{ selector: 'old', state: 'destroyed' }, { state: 'active' }]);
    const files = await readdir(join(world.folder, 'dkim/example.test'));
    expect(files.toSorted()).toEqual(['active', `${selectors[1].selector}.pem`].toSorted());
    await world.must('key', 'dkim', 'check');
    const { rows } = await withConnection({ url: world.state.url, role: 'test' }, (client) =>
      client.query(`select selector, state from postern.dkim_event group by 1, 2 having count(*) > 1`),
    );
    expect(rows).toEqual([]);
    expect((await world.must('certificate', 'list', '--json')).json().result.certificates).toHaveLength(1);
  }, 120_000);
});
