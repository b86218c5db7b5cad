import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateKeyPair, type KeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { runCli } from '../support/cli.ts';
import { describeWith } from '../support/optional.ts';
import { atMost } from './at-most.ts';
import { type CliWorld, preparedWorld } from './cli-world.ts';
import { onTerminal, plain, type Terminal } from './terminal.ts';

const ctrlC = '\u0003';
const escape = '\u001B[';

let world: CliWorld;
let keys: Record<'alice' | 'bob', KeyPair>;
beforeAll(async () => {
  world = await preparedWorld();
  const pair = (name: string) => generateKeyPair({ name, email: `${name}@example.org`, purpose: 'sign' });
  keys = { alice: await pair('alice'), bob: await pair('bob') };
  for (const [name, { publicKey }] of Object.entries(keys)) await world.file(`${name}.asc`, publicKey);
  await world.must('operator', 'enroll', '--key', 'alice.asc');
});
afterAll(() => world?.close());

const enrolBob = ['operator', 'enroll', '--key', 'bob.asc'];
const operators = async (): Promise<number> =>
  (await world.must('operator', 'list', '--json')).json().result.operators.length;

test('without a terminal nobody is asked: the error names the flag that answers, and nothing is done', async () => {
  const before = await operators();
  const revoke = ['operator', 'revoke', keys.alice.fingerprint, '--reason', 'x', '--accept-lockout'];
  const init = ['backup', 'keys', 'init', '--directory', 'new', '--email', 'a@example.org'];
  const runs = await atMost(3, [enrolBob, [...revoke], init, [...enrolBob, '--json']], (argv) =>
    // What somebody piped in is no answer.
    runCli(argv, { cwd: world.folder, stdin: 'y\ny\ny\n' }),
  );
  for (const [index, flag] of [
    '--yes',
    `--confirm ${world.state.name}`,
    '--passphrase-file FILE',
  ].entries()) {
    expect(runs[index]).toMatchObject({ code: 2, stdout: '' });
    expect(runs[index]?.stderr).toMatch(/^postern: error: there is no terminal to ask/);
    expect(runs[index]?.stderr).toContain(flag);
  }
  expect(runs[3]?.json().error).toMatchObject({ code: 'needs-answer', hints: ['answer with --yes'] });
  expect(await operators()).toBe(before);
  await expect(stat(join(world.folder, 'new'))).rejects.toThrow('ENOENT');
});

describeWith(['script'], 'at a terminal', ({ script }) => {
  const at = (argv: readonly string[], options: Partial<Parameters<typeof onTerminal>[2]> = {}): Terminal =>
    onTerminal(script, argv, { cwd: world.folder, ...options });

  test('Enter, "n" and Ctrl-C are no: 6, 6 and 130, and nothing is done', async () => {
    const before = await operators();
    const answers = [
      ['\r', 6, 'not confirmed, nothing was changed'],
      ['n\r', 6, 'not confirmed, nothing was changed'],
      [ctrlC, 130, 'postern: error: interrupted'],
    ] as const;
    await atMost(3, answers, async ([answer, code, says]) => {
      const terminal = at(enrolBob);
      await terminal.until('(y/N)');
      terminal.type(answer);
      expect(await terminal.ended).toBe(code);
      expect(plain(terminal.shown())).toContain(says);
    });
    expect(await operators()).toBe(before);
  });

  test('SIGTERM ends an open question with 130', async () => {
    const terminal = at(enrolBob);
    await terminal.until('(y/N)');
    terminal.signal('SIGTERM');
    expect(await terminal.ended).toBe(130);
    expect(plain(terminal.shown())).toContain('postern: error: interrupted');
  });

  test('the profile and the target stand in the question, and "y" does it', async () => {
    const terminal = at(enrolBob);
    await terminal.until('(y/N)');
    expect(plain(terminal.shown())).toContain(`profile test, target ${world.state.name}`);
    terminal.type('y\r');
    expect(await terminal.ended).toBe(0);
    expect(await operators()).toBe(2);
  });

  test('what is severe wants the target’s name, typed; another one changes nothing', async () => {
    const revoke = ['operator', 'revoke', keys.bob.fingerprint, '--reason', 'left'];
    const wrong = at(revoke);
    await wrong.until(`Type ${world.state.name}`);
    wrong.type('production\r');
    expect(await wrong.ended).toBe(6);
    expect(await operators()).toBe(2);
    const right = at(revoke);
    await right.until(`Type ${world.state.name}`);
    right.type(`${world.state.name}\r`);
    expect(await right.ended).toBe(0);
    expect(await operators()).toBe(1);
  });

  test('--no-input, and a stderr that nobody reads, ask nothing', async () => {
    const silent = at([...enrolBob, '--no-input']);
    expect(await silent.ended).toBe(2);
    const redirected = at(enrolBob, { redirect: '2> stderr.txt' });
    expect(await redirected.ended).toBe(2);
    expect(await readFile(join(world.folder, 'stderr.txt'), 'utf8')).toContain('--yes');
  });

  test('a passphrase is typed twice and never shown', async () => {
    const init = ['backup', 'keys', 'init', '--directory', 'sealed', '--email', 'a@example.org'];
    const differing = at(init);
    await differing.until('passphrase for the secret halves of the recipients:');
    differing.type('hunter2\r');
    await differing.until('once more:');
    differing.type('hunter3\r');
    expect(await differing.ended).toBe(2);
    expect(plain(differing.shown())).toContain('the two passphrases differ');
    const same = at(init);
    await same.until('passphrase for the secret halves of the recipients:');
    same.type('hunter2\r');
    await same.until('once more:');
    same.type('hunter2\r');
    expect(await same.ended).toBe(0);
    for (const terminal of [differing, same]) expect(terminal.shown()).not.toContain('hunter');
    expect((await stat(join(world.folder, 'sealed/backup-signer.sec.asc'))).mode & 0o777).toBe(0o600);
  });

  test('progress is shown on a terminal, on stderr alone, and not with --quiet', async () => {
    const run = at(['backup', 'run'], { redirect: '> stdout.txt' });
    expect(await run.ended).toBe(0);
    expect(plain(run.shown())).toContain('copying 2 tables');
    const stdout = await readFile(join(world.folder, 'stdout.txt'), 'utf8');
    expect(stdout).toMatch(/^\d{8}T\d{6}Z-[0-9a-f]{8}: [\d,]+ rows of \d+ tables/);
    expect(stdout).not.toContain(escape);
    const quiet = at(['backup', 'run', '--quiet'], { redirect: '> stdout.txt' });
    expect(await quiet.ended).toBe(0);
    expect(quiet.shown()).toBe('');
  });

  test('NO_COLOR and --no-color leave no color in anything', async () => {
    const list = ['backup', 'list'];
    const runs = await atMost(
      3,
      [
        at([...list, '--no-color']),
        at(list, { env: { NO_COLOR: '1' } }),
        at([...list, '--help', '--no-color']),
        at([...list, '--help'], { env: { NO_COLOR: '1' } }),
        at(['nosuch', '--no-color']),
      ],
      async (terminal) => ({ code: await terminal.ended, shown: terminal.shown() }),
    );
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 2]);
    // oxlint-disable-next-line no-control-regex -- that is what is looked for
    for (const { shown } of runs) expect(shown).not.toMatch(/\u001B\[[\d;]*m/);
    const [colored, asked] = [at(enrolBob), at(enrolBob, { env: { NO_COLOR: '1' } })];
    for (const terminal of [colored, asked]) {
      await terminal.until('(y/N)');
      terminal.type(ctrlC);
      await terminal.ended;
    }
    // oxlint-disable-next-line no-control-regex -- that is what is looked for
    expect(colored.shown()).toMatch(/\u001B\[(?:3|4|9)[\d;]*m/);
    // oxlint-disable-next-line no-control-regex -- that is what is looked for
    expect(asked.shown()).not.toMatch(/\u001B\[(?:3|4|9)[\d;]*m/);
  });
});
