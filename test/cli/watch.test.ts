import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { failure } from '../../src/lib/base/error.ts';
import { BaseCommand } from '../../src/lib/cli/base-command.ts';
import { dryRunFlag } from '../../src/lib/cli/flags.ts';
import { watchFlags } from '../../src/lib/cli/watch/watch-flags.ts';
import { projectRoot, runCli } from '../support/cli.ts';
import { answer, type FaultServer, noAnswer, startFaultServer } from '../support/fault-server.ts';

/** What the command below does; a test says so before it runs it. */
let body: (command: Probe) => Promise<unknown>;

class Probe extends BaseCommand<typeof Probe> {
  static override id = 'probe:it';
  static override flags = { ...dryRunFlag, ...watchFlags };
  static override result = async () => z.unknown();

  async run(): Promise<unknown> {
    return body(this);
  }

  readonly tools = {
    end: (code: 3) => this.endWith(code),
    config: () => this.context(),
    gauge: (value: number) => this.gauge({ name: 'postern_probe_bytes', help: 'bytes', value }),
  };
}

class Bare extends BaseCommand<typeof Bare> {
  static override id = 'bare';
  static override result = async () => z.unknown();

  async run(): Promise<object> {
    return {};
  }
}

let server: FaultServer;
let folder: string;
let file: string;
let reference: string;
const token = '0c9f6a1e-token';
beforeAll(async () => {
  server = await startFaultServer();
  folder = await mkdtemp(join(tmpdir(), 'postern-watch-'));
  file = join(folder, 'probe.prom');
  await writeFile(join(folder, 'url'), `${server.endpoint}/${token}/{job}\n`, { mode: 0o600 });
  reference = `\${file:${join(folder, 'url')}}`;
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const written = { stdout: '', stderr: '' };
beforeEach(async () => {
  server.script(answer(200));
  await rm(file, { force: true });
  Object.assign(written, { stdout: '', stderr: '' });
  for (const name of ['stdout', 'stderr'] as const)
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      written[name] += String(chunk);
      return true;
    });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = 0;
});

async function probe(argv: readonly string[], does: (command: Probe) => Promise<unknown> = async () => ({})) {
  process.exitCode = 0;
  body = does;
  await Probe.run([...argv], { root: projectRoot });
  vi.restoreAllMocks();
  expect(written.stdout + written.stderr).not.toContain(token);
  return { ...written, code: process.exitCode };
}

const pinged = (): readonly string[] => server.seen.map(({ url }) => url.replace(`/${token}`, ''));
const metrics = (): Promise<string> => readFile(file, 'utf8');

describe('a watched run', () => {
  it('that succeeds pings its start and its end, and writes its metrics with its own numbers', async () => {
    const argv = ['--profile', 'production', '--prometheus', file, '--ping-url', reference];
    const run = await probe(argv, async ({ tools }) => tools.gauge(7) ?? {});
    expect(run).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(pinged()).toEqual(['/probe-it/start', '/probe-it']);
    expect(server.seen[1]?.body.toString()).toMatch(
      /^job: probe-it\nprofile: production\nexit code: 0 \(done, nothing to report\)\nseconds: \d+\.\d\n$/,
    );
    expect(await metrics()).toContain('postern_job_last_exit_code{profile="production",job="probe-it"} 0\n');
    expect(await metrics()).toContain('postern_probe_bytes{profile="production",job="probe-it"} 7\n');
    expect(await metrics()).toContain('last_success');
  });

  it('that ends with findings pings its exit code', async () => {
    const run = await probe(['--ping-url', reference, '--prometheus', file], async ({ tools }) => {
      tools.end(3);
      return {};
    });
    expect(run.code).toBe(3);
    expect(pinged()).toEqual(['/probe-it/start', '/probe-it/3']);
    expect(await metrics()).toMatch(/last_exit_code\{.*\} 3\n/);
  });

  it('that fails tells nobody what it failed on', async () => {
    const run = await probe(['--ping-url', reference, '--prometheus', file], async () => {
      throw failure('alice@example.org has no mailbox');
    });
    expect(run.code).toBe(1);
    expect(pinged()).toEqual(['/probe-it/start', '/probe-it/1']);
    const told = server.seen.map((request) => request.body.toString()).join('') + (await metrics());
    expect(told).not.toContain('alice');
  });

  it.each([
    ['a wrong flag', ['--nonsense']],
    ['a configuration that is not there', ['--config', '/nonexistent/postern.yaml']],
  ])('that fails on %s before its work tells that too', async (_, argv) => {
    const watch = [`--ping-url=${reference}`, `--prometheus=${file}`, '--profile=staging', '--job=nightly'];
    const run = await probe([...argv, ...watch], ({ tools }) => tools.config());
    expect(run.code).toBe(2);
    expect(pinged()).toEqual(['/nightly/start', '/nightly/2']);
    expect(await metrics()).toContain('last_exit_code{profile="staging",job="nightly"} 2\n');
  });

  it('that is interrupted pings 130', async () => {
    const run = await probe(['--ping-url', reference, '--prometheus', file], async () => {
      process.emit('SIGTERM');
      throw new Error('the query was cancelled');
    });
    expect(run.code).toBe(130);
    expect(pinged()).toEqual(['/probe-it/start', '/probe-it/130']);
    expect(await metrics()).toMatch(/last_exit_code\{.*\} 130\n/);
  });

  it('takes the URL from the environment', async () => {
    vi.stubEnv('POSTERN_PING_URL', `${server.endpoint}/${token}`);
    expect(await probe([])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(pinged()).toEqual(['/start', '']);
  });

  it('warns of a URL that stands on the command line, and pings it', async () => {
    const { stderr, code } = await probe(['--ping-url', `${server.endpoint}/${token}`]);
    expect(code).toBe(0);
    expect(stderr).toContain('a ping URL on the command line is read by every user of this host');
    expect(pinged()).toEqual(['/start', '']);
  });

  it('that is a dry run tells nobody, since nothing was done', async () => {
    vi.stubEnv('POSTERN_PING_URL', `${server.endpoint}/${token}`);
    expect((await probe(['--dry-run'])).code).toBe(0);
    expect(pinged()).toEqual([]);
  });

  it('that is a dry run refuses to tell anybody', async () => {
    expect((await probe(['--dry-run', '--prometheus', file])).code).toBe(2);
    await expect(metrics()).rejects.toThrow('ENOENT');
  });

  it('is not a run of a command that takes no such flags', async () => {
    vi.stubEnv('POSTERN_PING_URL', `${server.endpoint}/${token}`);
    process.exitCode = 0;
    await Bare.run([], { root: projectRoot });
    expect({ ...written, code: process.exitCode }).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(pinged()).toEqual([]);
  });

  it('is not watched where nobody asks for it', async () => {
    expect(await probe(['--profile', 'x'])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(pinged()).toEqual([]);
  });
});

describe('a watch that does not work', () => {
  it('warns with the host alone, and leaves the exit code', async () => {
    server.script(answer(404));
    const { stderr, code } = await probe(['--ping-url', reference]);
    expect(code).toBe(0);
    const host = new URL(server.endpoint).host;
    expect(stderr).toBe(`postern: warning: the ping to ${host} did not get through: it answered 404\n`);
  });

  it('warns in the envelope under --json', async () => {
    server.script(answer(404));
    const good = await probe(['--json', '--ping-url', reference]);
    expect(good.stderr).toBe('');
    expect(JSON.parse(good.stdout)).toMatchObject({ ok: true, warnings: [expect.stringContaining('404')] });
  });

  it('warns on stderr under --json after an error', async () => {
    server.script(answer(404));
    const bad = await probe(['--json', '--ping-url', reference], async () => {
      throw failure('no luck');
    });
    expect(JSON.parse(bad.stdout)).toMatchObject({ ok: false, error: { message: 'no luck', exitCode: 1 } });
    expect(bad.stderr).toContain('it answered 404');
  });

  it.each([
    ['a file that is not there', '${file:/nonexistent/url}', 'there is no such file'],
    ['a variable that is not set', '${env:POSTERN_TEST_NOT_SET}', 'which is not set'],
    ['something that is no URL', `/${token}`, 'the ping URL is no https URL'],
  ])('because of %s only warns', async (_, value, why) => {
    const { stderr, code } = await probe(['--ping-url', value]);
    expect(code).toBe(0);
    expect(stderr).toContain('nobody is pinged: ');
    expect(stderr).toContain(why);
  });

  it('because others may read its file only warns', async () => {
    await chmod(join(folder, 'url'), 0o644);
    const { stderr, code } = await probe(['--ping-url', reference]);
    await chmod(join(folder, 'url'), 0o600);
    expect(code).toBe(0);
    expect(stderr).toContain('which others may read');
    expect(pinged()).toEqual([]);
  });

  it('because the textfile holds something else only warns, and leaves the file', async () => {
    await writeFile(file, 'something else');
    const { stderr, code } = await probe(['--prometheus', file]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/the metrics are not written to .*probe\.prom: line 1 is not/);
    expect(await metrics()).toBe('something else');
  });

  it('because the textfile has no folder only warns; so it does of a name that nobody reads', async () => {
    const { stderr, code } = await probe(['--prometheus', '/nonexistent/collector/metrics']);
    expect(code).toBe(0);
    expect(stderr).toContain('metrics: the folder /nonexistent/collector cannot be reached');
    expect(stderr).toContain('node_exporter reads *.prom only');
  });

  it('because the textfile cannot be read only warns', async () => {
    const { stderr, code } = await probe(['--prometheus', folder]);
    expect(code).toBe(0);
    expect(stderr).toContain(`the metrics are not written to ${folder}: it is a folder`);
  });

  it('can be cut short by a signal, which leaves the exit code', async () => {
    server.script(answer(200), (request, response) => {
      noAnswer(request, response);
      process.emit('SIGTERM');
    });
    const { stderr, code } = await probe(['--ping-url', reference]);
    expect(code).toBe(0);
    expect(stderr).toContain('did not get through: interrupted');
    expect(process.listenerCount('SIGTERM')).toBe(0);
  });
});

it('the spawned program is watched and ends by itself soon after', async () => {
  vi.restoreAllMocks();
  const env = { POSTERN_PING_URL: reference };
  const run = await runCli(['doctor', '--prometheus', file, '--config', '/nonexistent'], { env });
  expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('/nonexistent') });
  expect(pinged()).toEqual(['/doctor/start', '/doctor/2']);
  expect(await metrics()).toContain('postern_job_last_exit_code{profile="unknown",job="doctor"} 2\n');
});
