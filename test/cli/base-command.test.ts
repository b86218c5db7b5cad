import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { failure } from '../../src/lib/base/error.ts';
import { ExitCode } from '../../src/lib/base/exit-code.ts';
import { BaseCommand } from '../../src/lib/cli/base-command.ts';
import { tableFlags } from '../../src/lib/cli/flags.ts';
import { projectRoot } from '../support/cli.ts';

/** What the command below does; a test says so before it runs it. */
let body: (command: Probe) => Promise<unknown>;

class Probe extends BaseCommand<typeof Probe> {
  static override id = 'probe';
  static override flags = { ...tableFlags };
  static override result = async () => z.unknown();

  async run(): Promise<unknown> {
    return body(this);
  }

  // The tools of the base command, for the tests.
  readonly tools = {
    print: (line: string) => this.print(line),
    say: (line: string) => this.say(line),
    warn: (line: string) => this.addWarning(line),
    end: (code: ExitCode) => this.endWith(code),
    table: (rows: readonly string[]) =>
      this.printTable(rows, [{ header: 'word', value: (row) => row }], 'nothing there'),
    progress: () => this.progress(),
    asking: () => this.asking(),
  };
}

const written = { stdout: '', stderr: '' };
beforeEach(() => {
  Object.assign(written, { stdout: '', stderr: '' });
  for (const name of ['stdout', 'stderr'] as const)
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      written[name] += String(chunk);
      return true;
    });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

async function probe(argv: readonly string[], does: (command: Probe) => Promise<unknown>) {
  process.exitCode = 0;
  body = does;
  await Probe.run([...argv], { root: projectRoot });
  vi.restoreAllMocks();
  return { ...written, code: process.exitCode };
}

describe('a command', () => {
  it('that hits a bug says so, with 1; the stack comes with --verbose, and JSON on stdout with --json', async () => {
    const broken = async (): Promise<never> => {
      throw new TypeError('x.map is not a function at postgresql://u:hunter2@h/d');
    };
    expect(await probe([], broken)).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'postern: error: unexpected: x.map is not a function at postgresql://u:***@h/d\nhint: this is a bug in postern; run again with --verbose and report the whole output\n',
    });
  });

  it('shows the stack of a bug to --verbose, without passwords', async () => {
    const { stdout, stderr, code } = await probe(['--json', '--verbose'], async () => {
      throw new TypeError('at postgresql://u:hunter2@h/d');
    });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      result: null,
      error: { code: 'bug', exitCode: 1 },
    });
    expect(stderr).toMatch(/TypeError: at postgresql:\/\/u:\*\*\*@h\/d\n\s+at .*base-command\.test\.ts/);
  });

  it('keeps the exit code of a failure, and its warnings in the envelope', async () => {
    const { stdout, stderr, code } = await probe(['--json'], async ({ tools }) => {
      tools.print('a line');
      tools.say('a remark');
      tools.warn('a warning');
      throw failure('it did not work', { code: 'no-luck', hints: ['try again'] });
    });
    expect({ stderr, code }).toEqual({ stderr: '', code: 1 });
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      command: 'probe',
      ok: false,
      result: null,
      warnings: ['a warning'],
      error: { message: 'it did not work', code: 'no-luck', exitCode: 1, hints: ['try again'] },
    });
  });

  it('that ends with findings is not ok, and its result is there', async () => {
    const { stdout, code } = await probe(['--json'], async ({ tools }) => {
      tools.end(ExitCode.findings);
      return { found: 2, passphrase: 'hunter2' };
    });
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, result: { found: 2, passphrase: '***' } });
  });

  it('writes results to stdout, remarks and warnings to stderr', async () => {
    const does = async ({ tools }: Probe): Promise<object> => {
      tools.print('a line');
      tools.say('a remark');
      tools.warn('a warning');
      await tools.table([]);
      await tools.table(['one']);
      return {};
    };
    expect(await probe([], does)).toEqual({
      code: 0,
      stdout: 'a line\nword\none\n',
      stderr: 'a remark\npostern: warning: a warning\nnothing there\n',
    });
  });

  it('keeps quiet on stderr when asked, except for warnings', async () => {
    const { stdout, stderr } = await probe(['--quiet', '--output', 'csv'], async ({ tools }) => {
      tools.say('a remark');
      tools.warn('a warning');
      await tools.table([]);
      return {};
    });
    expect({ stdout, stderr }).toEqual({ stdout: 'word\n', stderr: 'postern: warning: a warning\n' });
  });

  it('shows progress to nobody but a terminal; --verbose writes lines instead', async () => {
    const work = async ({ tools }: Probe): Promise<object> => {
      const progress = await tools.progress();
      const step = progress.step('copying', { total: 2, unit: 'rows' });
      step.advance(2);
      progress.detail('a detail');
      step.done();
      return {};
    };
    expect(await probe([], work)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('tells steps and details as lines with --verbose', async () => {
    const { stderr } = await probe(['--verbose'], async ({ tools }) => {
      const progress = await tools.progress();
      progress.step('copying', { unit: 'rows' }).fail('no luck');
      progress.detail('a detail');
      return {};
    });
    expect(stderr).toBe('copying: failed: no luck\na detail\n');
  });

  it('takes an interruption for what it is, whatever error it came as', async () => {
    const { stderr, code } = await probe([], async () => {
      process.emit('SIGTERM');
      throw new Error('the query was cancelled');
    });
    expect(code).toBe(130);
    expect(stderr).toMatch(/postern: error: interrupted\n$/);
    expect([process.listenerCount('SIGTERM'), process.listenerCount('SIGINT')]).toEqual([0, 0]);
  });
});
