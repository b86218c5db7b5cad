import { afterAll, beforeAll, expect, test } from 'vitest';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, cliWorld } from './cli-world.ts';

/** One story in its order, from the first request to the last that is closed. */
let world: CliWorld;

beforeAll(async () => {
  world = await cliWorld();
  await world.must('state', 'migrate');
});
afterAll(async () => {
  await world?.close();
});

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into results of every shape
async function tell(command: string, argv: readonly string[] = [], code = 0): Promise<any> {
  const run = await world.run(...command.split(' '), ...argv, '--json');
  expect(run, `${command}\n${run.stdout}${run.stderr}`).toMatchObject({ code });
  const json = await checkedJson(command, run);
  return json.error ?? json.result;
}

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
const open = (kind: string, reference: string, received: string, more: readonly string[] = [], code = 0) =>
  tell('request open', ['--kind', kind, '--reference', reference, '--received', received, ...more], code);

test('a request is put on record once, with the day on which it is due', async () => {
  expect(await tell('request list')).toEqual({ requests: [], open: 0, due: 0, overdue: 0 });
  expect(await open('erasure', 'T-1', '2020-01-31', [])).toMatchObject({
    number: 1,
    receivedAt: '2020-01-31T00:00:00.000Z',
    // The last day of a month that has no 31st, in a leap year.
    dueAt: '2020-02-29T00:00:00.000Z',
    verdict: 'overdue',
    verified: null,
  });
  expect(await open('access', 'T-2', daysAgo(1))).toMatchObject({ verdict: 'open' });
  expect(await open('access', 'T-3', daysAgo(26))).toMatchObject({ verdict: 'due' });
  expect(await open('access', 'T-2', daysAgo(1), [], 2)).toMatchObject({ code: 'request-known' });
  expect(await open('access', 'T-4', daysAgo(-1), [], 2)).toMatchObject({ code: 'received-in-future' });
  expect(await open('access', 'T-4', '2026-02-31', [], 2)).toMatchObject({ code: 'time-invalid' });
  expect(await open('access', 'T-4', '0000-01-01', [], 2)).toMatchObject({ code: 'time-invalid' });
  expect(await tell('request show', ['99999999999999999999'], 2)).toMatchObject({ code: 'request-unknown' });
  expect(await open('access', ' ', '2026-02-01', [], 2)).toMatchObject({ code: 'text-missing' });
});

test('what is overdue ends the list with 3, and stands on top of it', async () => {
  const listed = await tell('request list', [], 3);
  expect(listed).toMatchObject({ open: 3, due: 1, overdue: 1 });
  expect(listed.requests.map(({ reference }: { readonly reference: string }) => reference)).toEqual([
    'T-1',
    'T-3',
    'T-2',
  ]);
  const text = await world.run('request', 'list', '--prometheus', `${world.folder}/requests.prom`);
  expect(text.stdout).toMatch(/ 1 +erasure +T-1 +2020-01-31 +2020-02-29 .*overdue/);
});

test('nothing is fulfilled before it is known who asks, or a controller has instructed it', async () => {
  const early = await tell('request close', ['2', '--outcome', 'fulfilled'], 6);
  expect(early).toMatchObject({
    code: 'requester-not-verified',
    hints: [expect.stringContaining('request verify 2')],
  });
  await tell('request verify', ['2', '--how', 'answered from the address']);
  expect(await tell('request verify', ['2', '--how', 'again'], 6)).toMatchObject({
    code: 'request-event-known',
  });
  expect(await tell('request close', ['2', '--outcome', 'fulfilled'])).toMatchObject({
    verdict: 'closed',
    closed: { outcome: 'fulfilled', note: null, certificateId: null },
  });
  expect(await tell('request close', ['2', '--outcome', 'withdrawn'], 6)).toMatchObject({
    code: 'request-closed',
  });
  await open('portability', 'T-5', daysAgo(2), ['--tenant', '12', '--instruction', 'M-7']);
  expect(await tell('request close', ['6', '--outcome', 'fulfilled'], 2)).toMatchObject({
    code: 'request-unknown',
  });
  const { requests } = await tell('request list', ['--all'], 3);
  const number = requests.find(({ reference }: { readonly reference: string }) => reference === 'T-5').number;
  await tell('request close', [String(number), '--outcome', 'fulfilled']);
});

test('a request is extended once, and within its first month', async () => {
  const extended = await tell('request extend', ['3', '--reason', 'three archives, told today']);
  const { receivedAt, dueAt } = extended;
  expect(extended.verdict).toBe('open');
  expect(new Date(dueAt).getTime() - new Date(receivedAt).getTime()).toBeGreaterThan(88 * 86_400_000);
  expect(await tell('request extend', ['3', '--reason', 'more'], 6)).toMatchObject({
    code: 'request-event-known',
  });
  expect(await tell('request extend', ['1', '--reason', 'late'], 6)).toMatchObject({
    code: 'extension-too-late',
  });
});

test('a refusal says why, what names a certificate names one that is there, and what was late is called so', async () => {
  expect(await tell('request close', ['1', '--outcome', 'refused'], 2)).toMatchObject({
    code: 'note-missing',
  });
  expect(await tell('request close', ['1', '--outcome', 'refused', '--note', ' '], 2)).toMatchObject({
    code: 'text-missing',
  });
  const unknown = ['1', '--outcome', 'withdrawn', '--certificate', 'abcdef0123'];
  expect(await tell('request close', unknown, 2)).toMatchObject({ code: 'certificate-unknown' });
  const closed = await tell('request close', ['1', '--outcome', 'refused', '--note', 'unfounded']);
  expect(closed).toMatchObject({ verdict: 'late', closed: { note: 'unfounded' } });
  expect(await tell('request show', ['1'])).toEqual(closed);
  expect((await world.must('request', 'show', '1')).stdout).toMatch(
    /\n {2}closed +.*: refused\n {2}note +unfounded\n/,
  );
  expect(await tell('request list')).toMatchObject({ open: 1, overdue: 0 });
});

test('every change is in the audit log, and the register takes nothing back', async () => {
  const { entries } = await tell('audit log');
  for (const action of ['open', 'verified', 'extended', 'closed'])
    expect(JSON.stringify(entries)).toContain(`"request.${action}"`);
  await expect(
    withConnection({ url: world.state.url, role: 'test' }, (client) =>
      client.query('delete from postern.subject_request_event'),
    ),
  ).rejects.toThrow();
});
