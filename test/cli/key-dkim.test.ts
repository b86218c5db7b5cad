import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type DnsWorld, startDnsWorld } from '../support/dns-server.ts';
import { describeWith } from '../support/optional.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, cliWorld } from './cli-world.ts';

describeWith(['knotd', 'named', 'nsupdate'], 'the DKIM commands', (programs) => {
  /** The tests go on from each other: a rotation of which every time is a second. */
  let world: CliWorld;
  let dns: DnsWorld;
  beforeAll(async () => {
    [world, dns] = await Promise.all([cliWorld(), startDnsWorld(programs)]);
    const config = parse(await readFile(join(world.folder, 'postern.yaml'), 'utf8'));
    const { port } = dns.resolver;
    config.profiles.test.keys = {
      dkim: {
        folder: 'dkim',
        resolvers: [`127.0.0.1:${port}`],
        timeout: '1s',
        domains: {
          'example.test': {
            algorithms: ['rsa-2048', 'ed25519'],
            queue_life: '1s',
            hold: '1s',
            ttl: '1s',
            authoritative: [`127.0.0.3:${port}`, `127.0.0.4:${port}`],
            nsupdate: { server: `127.0.0.3:${port}`, zone: 'example.test', key_file: dns.keyFile },
          },
        },
      },
    };
    await world.file('postern.yaml', stringify(config));
    await world.must('state', 'migrate');
    await world.must('certificate', 'keys', 'init', '--directory', 'keys');
  });
  afterAll(async () => {
    await dns?.stop();
    await world?.close();
  });

  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into results of every shape
  const tell = async (command: string, argv: readonly string[] = [], code = 0): Promise<any> => {
    const run = await world.run(...command.split(' '), ...argv, '--json');
    expect(run, `${command}\n${run.stdout}${run.stderr}`).toMatchObject({ code });
    const json = await checkedJson(command, run);
    return json.error ?? json.result;
  };
  /** Runs the script, and puts the same on the second server. */
  const changeZone = async (file: string): Promise<void> => {
    await promisify(execFile)(programs.nsupdate, ['-k', dns.keyFile, file]);
    const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line.startsWith('update '));
    await dns.update(lines, [dns.second]);
  };
  let plan: string;

  test('a dry run and a plan without confirmation leave nothing', async () => {
    expect(await tell('key rotate dkim', ['example.test', '--dry-run'])).toMatchObject({
      outcome: 'not stored',
    });
    expect(await tell('key rotate dkim', ['example.test'], 2)).toMatchObject({ code: 'needs-answer' });
    expect(await tell('key rotate dkim', ['example.org', '--yes'], 2)).toMatchObject({
      code: 'dkim-domain-unknown',
    });
    expect(await tell('key dkim list')).toEqual({ selectors: [] });
    await expect(stat(join(world.folder, 'dkim'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await tell('key dkim check', [], 3)).toMatchObject({ verdict: 'findings' });
  });

  test('a rotation makes keys, writes a script for nsupdate, and waits with exit 7', async () => {
    const result = await tell('key rotate dkim', ['example.test', '--yes', '--nsupdate', 'change.txt'], 7);
    expect(result).toMatchObject({ outcome: 'waiting', nsupdateFile: join(world.folder, 'change.txt') });
    expect(result.waitingFor).toMatch(/^step 2 of 3 is not done yet: not published everywhere: /);
    plan = result.plan;
    const script = await readFile(result.nsupdateFile, 'utf8');
    expect(script).toMatch(
      new RegExp(
        `^; run: nsupdate -k ${dns.keyFile} .*change\\.txt\nserver 127\\.0\\.0\\.3 ${dns.first.port}\nzone example\\.test\\.\n`,
      ),
    );
    expect(script).not.toContain('secret');
    const { lines } = await tell('key dkim zone', ['example.test']);
    expect(lines).toHaveLength(2);
    const { stdout } = await world.must('key', 'dkim', 'zone', 'example.test');
    expect(stdout).toMatch(/^\S+\._domainkey\.example\.test\. 1 IN TXT "v=DKIM1; k=(?:rsa|ed25519); p=/);
  });

  test('run again, it goes on once every server has the records, and no resolver remembers otherwise', async () => {
    expect(await tell('plan apply', [plan], 7)).toMatchObject({ code: 'plan-partial' });
    await changeZone(join(world.folder, 'change.txt'));
    const waiting = await tell('plan apply', [plan], 7);
    expect(waiting.hints[0]).toMatch(/^it cannot go on before 20.*Z; cron may try$/);
    await sleep(2500);
    const { certificate } = await tell('plan apply', [plan]);
    const envelope = (await world.must('certificate', 'show', certificate, '--envelope')).stdout;
    await world.file('certificate.json', envelope);
    await world.must(
      'certificate',
      'verify',
      'certificate.json',
      '--key',
      'keys/certificate-signing.pub.pem',
    );
    expect((await tell('key dkim list')).selectors).toMatchObject([{ state: 'active' }, { state: 'active' }]);
    expect(await tell('key dkim check')).toMatchObject({ verdict: 'as wanted' });
    const { stdout } = await world.must('key', 'dkim', 'check');
    expect(stdout).toMatch(/^example\.test\n {2}\S+: active, 3 of 3 answers as wanted; next: rotate from 20/);
  });

  test('a record that differs is exit 3, and a server that is silent is exit 4', async () => {
    const name = (await tell('key dkim list')).selectors[0].selector;
    await dns.update([`update add ${name}._domainkey.example.test 1 IN TXT "v=DKIM1; p="`], [dns.second]);
    const { domains } = await tell('key dkim check', ['example.test'], 3);
    // The resolver may have asked either server.
    expect(domains[0].selectors[0].findings).toContain(
      `127.0.0.4:${dns.second.port}: there are 2 TXT records, and verifiers may take any`,
    );
    await dns.update([`update delete ${name}._domainkey.example.test TXT "v=DKIM1; p="`], [dns.second]);
    await dns.silence(dns.second);
    // Until the resolver has forgotten, too.
    await sleep(1200);
    expect(await tell('key dkim check', [], 4)).toMatchObject({ verdict: 'incomplete' });
  });

  test('after a compromise, the domain is typed, and the lines say what to change at once', async () => {
    const argv = ['example.test', '--compromised'];
    expect(await tell('key rotate dkim', [...argv, '--yes'], 2)).toMatchObject({
      code: 'needs-answer',
    });
    const run = await world.run('key', 'rotate', 'dkim', ...argv, '--confirm', 'example.test');
    expect(run).toMatchObject({ code: 7 });
    expect(run.stdout).toMatch(/^outcome {3}waiting$/m);
    expect(run.stdout.match(/^\S+ 1 IN TXT "v=DKIM1; k=(?:rsa|ed25519); p="$/gm)).toHaveLength(2);
    expect(run.stdout).toMatch(/^next {6}postern plan apply [0-9a-f]{12}$/m);
    expect(await readFile(join(world.folder, 'dkim/example.test/active'), 'utf8')).toBe('');
    expect((await tell('key dkim list')).selectors).toMatchObject([
      { state: 'revoking', isCompromised: true },
      { state: 'revoking', isCompromised: true },
      { state: 'prepared' },
      { state: 'prepared' },
    ]);
  });

  test('what signs already is adopted only where the zone has it', async () => {
    const { selectors } = await tell('key dkim list');
    const argv = ['example.test', 'old', '--key-file', selectors[0].keyFile];
    expect(await tell('key dkim adopt', argv, 6)).toMatchObject({ code: 'dkim-not-published' });
    const text = `"v=DKIM1; k=${selectors[0].keyType}; p=" "${selectors[0].publicKey.slice(0, 200)}" "${selectors[0].publicKey.slice(200)}"`;
    await dns.update([`update add old._domainkey.example.test 1 IN TXT ${text}`], [dns.first]);
    const config = parse(await readFile(join(world.folder, 'postern.yaml'), 'utf8'));
    config.profiles.test.keys.dkim.domains['example.test'].authoritative.pop();
    await world.file('postern.yaml', stringify(config));
    expect(await tell('key dkim adopt', argv)).toMatchObject({ adopted: true, selector: 'old' });
    expect(await tell('key dkim check', [], 3)).toMatchObject({ verdict: 'findings' });
  });
});
