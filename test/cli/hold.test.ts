import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { openPool, withConnection } from '../../src/lib/base/postgres.ts';
import { createPlan } from '../../src/lib/operation/plan.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { holdMatcher, readHolds, recordDeferred } from '../../src/lib/subject/hold/index.ts';
import { nameHasher } from '../../src/lib/subject/name-hash/index.ts';
import { runCli } from '../support/cli.ts';
import { testContext } from '../support/operation.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, cliWorld } from './cli-world.ts';

/** One story in its order: holds are placed, keep something from an erasure, and are released. */
let world: CliWorld;
const key = randomBytes(32).toString('hex');

const map = `version: 1
subjects: {person: {identities: {id: {}, name: {normalise: [lower]}, email: {}}}}
tables:
  public.person:
    primary_key: [id]
    ownership: exclusive
    fields:
      id: {type: bigint, category: user.unique_id, identity: person.id}
      name: {type: text, category: user.name, identity: person.name}
  public.mail:
    primary_key: [id]
    ownership: exclusive
    references: [{column: person, to: public.person.id, kind: fk}]
    fields: {body: {type: text, category: user.content}}
  public.invoice:
    primary_key: [tenant_id, number]
    tenant: tenant_id
    ownership: third-party
    fields: {number: {type: text, category: user.financial}}
`;

beforeAll(async () => {
  world = await cliWorld();
  await world.file('map.yaml', map);
  await world.file('secrets/hmac', `${key}\n`);
  const state = { url: '${file:secrets/state-url}' };
  const platform = { url: '${file:secrets/platform-url}', map: 'map.yaml' };
  const subjects = { hmac_keys: ['${file:secrets/hmac}'] };
  const profiles = { test: { platform, state, subjects }, keyless: { platform, state } };
  await world.file('postern.yaml', stringify({ version: 1, default_profile: 'test', profiles }));
  await world.must('state', 'migrate');
  await withConnection({ url: world.platform.url, role: 'test' }, (client) =>
    client.query(`create table invoice (tenant_id int, number text, primary key (tenant_id, number));
      insert into invoice values (7, 'R-1'), (7, 'r-1');
      insert into person (name) values ('Twin'), ('twin')`),
  );
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
const add = (argv: readonly string[], code = 0) =>
  tell('hold add', [...argv, '--case', 'C-1', '--reason', 'evidence'], code);

test('what is on nothing, or cannot be meant, is refused, and nothing is placed', async () => {
  const refusals: readonly (readonly [readonly string[], number, string])[] = [
    [[], 2, 'hold-on-nothing'],
    [['person.name=person 7', '--row', 'public.mail=1'], 2, 'hold-on-both'],
    [['--row', 'public.mail=1', '--tenant', '7'], 2, 'hold-on-both'],
    [['person 7'], 2, 'address-invalid'],
    [['person.name=twin'], 6, 'person-ambiguous'],
    [['person.name=twin', '--shared', 'person.name=TWIN'], 2, 'name-shared'],
    [['person.name=person 7', '--table', 'public.gone'], 2, 'table-unknown'],
    [['person.name=person 7', '--review-by', '2020-01-01'], 2, 'review-past'],
    [['person.name=person 7', '--review-by', '2027-02-30'], 2, 'time-invalid'],
    [['person.name=person 7', '--profile', 'keyless'], 2, 'not-configured'],
    [['--row', 'public.gone=1'], 2, 'table-unknown'],
    [['--row', 'public.mail'], 2, 'row-invalid'],
    [['--row', 'public.mail=999999'], 2, 'row-unknown'],
    [['--row', 'public.mail=007'], 2, 'row-unknown'],
    [['--row', 'public.invoice=7'], 2, 'row-invalid'],
    [['--row', 'public.invoice=["7"]'], 2, 'row-invalid'],
    [['--row', 'public.mail=1', '--row', 'public.mail=999999'], 2, 'row-unknown'],
  ];
  for (const [argv, exitCode, code] of refusals)
    expect(await add(argv, exitCode), argv.join(' ')).toMatchObject({ code });
  const named = ['person.name=person 7', '--case', 'C-1', '--reason', 'about PERSON 7'];
  expect(await tell('hold add', named, 2)).toMatchObject({ code: 'text-names-person' });
  const empty = ['person.name=person 7', '--case', ' ', '--reason', 'x'];
  expect(await tell('hold add', empty, 2)).toMatchObject({ code: 'text-missing' });
  expect(await tell('hold list', ['--all'])).toEqual({ holds: [], active: 0, review: 0, waiting: 0 });
});

test('a hold on a person is on every name of theirs, and keeps none in clear', async () => {
  const placed = await add(['person.name=PERSON 7', '--table', 'public.mail', '--review-by', '2999-01-01']);
  expect(placed).toMatchObject({
    found: true,
    erasuresUnderWay: [],
    hold: {
      number: 1,
      names: 3,
      rows: 0,
      tables: ['public.mail'],
      reviewBy: '2999-01-01',
      verdict: 'active',
    },
  });
  const { holds, matcher } = await placedHolds();
  expect(matcher.ofPerson(new Map([['person.id', new Set(['7'])]]))).toEqual(holds);
  expect(matcher.ofPerson(new Map([['person.id', new Set(['8'])]]))).toEqual([]);
  await withConnection({ url: world.state.url, role: 'test' }, async (client) => {
    for (const table of ['hold', 'hold_person', 'audit_entry']) {
      const { rows } = await client.query(
        `select t::text from postern.${table} t where t::text ilike '%person 7%'`,
      );
      expect(rows, table).toEqual([]);
    }
  });
});

test('names come by standard input, and one that nobody has is held all the same', async () => {
  const piped = await runCli(['hold', 'add', '-', '--case', 'C-2', '--reason', 'order', '--json'], {
    cwd: world.folder,
    stdin: 'nobody@example.org\n',
  });
  const { result, warnings } = await checkedJson('hold add', piped);
  expect(result).toMatchObject({ found: false, hold: { number: 2, names: 1 } });
  expect(warnings).toEqual([expect.stringContaining('no such person')]);
});

test('a hold on rows is on these, whatever their key', async () => {
  const row = ['--row', 'public.mail=90', '--row', 'public.invoice=["7","R-1"]', '--row', 'public.mail=90'];
  expect(await add(row)).toMatchObject({ found: true, hold: { number: 3, names: 0, rows: 2, tables: null } });
  const { matcher } = await placedHolds();
  const on = (table: string, ...rowKey: readonly string[]) =>
    matcher.ofRow(table, rowKey).map(({ number }) => number);
  expect(on('public.invoice', '7', 'R-1')).toEqual([3]);
  expect(on('public.invoice', '7', 'r-1')).toEqual([]);
  expect(on('public.mail', '90')).toEqual([3]);
});

test('a release tells what the hold kept, which waits until a plan has taken it up', async () => {
  const pool = await openPool({ url: world.state.url, role: 'state database' });
  try {
    const plan = async (note: string, kind = 'subject.erase') => {
      const context = testContext({ pool }, { profile: 'test' });
      const made = createPlan(context, {
        kind,
        target: { systemIdentifier: '1', database: 'mail' },
        inputs: { note },
        steps: [{ kind: 'write', summary: 'writes nothing', inputs: {} }],
        preconditions: [],
        effects: {},
      });
      await savePlan(context, made);
      return made.id;
    };
    const [planId, later] = [await plan('first'), await plan('second')];
    await recordDeferred(pool, { profile: 'test', planId, holdNumber: 3, table: 'public.mail', rows: 1 });
    expect(await tell('hold list')).toMatchObject({ active: 3, waiting: 0 });
    const released = await tell('hold release', ['3', '--reason', 'settled']);
    expect(released).toMatchObject({
      rowsWaiting: 1,
      hold: { verdict: 'waiting', deferred: [{ planId, table: 'public.mail', rows: 1 }] },
    });
    expect(await tell('hold list', [], 3)).toMatchObject({ active: 2, waiting: 1 });
    const settle = (id: string, code = 0, number = '3') =>
      tell('hold settle', [number, '--plan', id, '--reason', 'looked'], code);
    expect(await settle(later, 6)).toMatchObject({ code: 'plan-not-applied' });
    const applied = (id: string) =>
      pool.query(`insert into postern.plan_journal (plan_id, event, detail) values ($1, 'applied', '{}')`, [
        id,
      ]);
    await applied(later);
    const other = await plan('third', 'toy.write');
    await applied(other);
    expect(await settle(other, 6)).toMatchObject({ code: 'plan-not-applied' });
    expect(await settle('abcdef012345', 2)).toMatchObject({ exitCode: 2 });
    expect(await settle(later)).toMatchObject({ closed: 1, hold: { verdict: 'released', deferred: [] } });
    expect(await settle(later, 6)).toMatchObject({ code: 'hold-not-waiting' });
    expect(await settle(later, 6, '1')).toMatchObject({ code: 'hold-not-waiting' });
    expect(await tell('hold list')).toMatchObject({ active: 2, waiting: 0 });
  } finally {
    await pool.end();
  }
  expect(await tell('hold release', ['3', '--reason', 'again'], 6)).toMatchObject({ code: 'hold-released' });
  for (const number of ['99', '99999999999999999999'])
    expect(await tell('hold release', [number, '--reason', 'x'], 2)).toMatchObject({ code: 'hold-unknown' });
  const text = await world.must('hold', 'release', '2', '--reason', 'settled');
  expect(text.stdout).toBe('hold 2 is released; no erasure left a row because of it\n');
  const { holds } = await tell('hold list', ['--all']);
  expect(holds.map(({ verdict }: { readonly verdict: string }) => verdict)).toEqual([
    'active',
    'released',
    'released',
  ]);
});

test('a hold that is past its day of review ends the list with 3, and every change is on the audit log', async () => {
  await withConnection({ url: world.state.url, role: 'test' }, (client) =>
    client.query(`insert into postern.hold (profile, case_reference, reason, review_by, author)
      values ('test', 'C-9', 'old', '2020-01-01', 'x')`),
  );
  const run = await world.run('hold', 'list');
  expect(run).toMatchObject({ code: 3, stdout: expect.stringMatching(/C-9 .* 2020-01-01 .*review/) });
  const { entries } = await tell('audit log');
  for (const action of ['hold.add', 'hold.release', 'hold.settle'])
    expect(JSON.stringify(entries)).toContain(`"${action}"`);
});

async function placedHolds() {
  const pool = await openPool({ url: world.state.url, role: 'state database' });
  try {
    const holds = await readHolds(pool, 'test');
    return { holds, matcher: holdMatcher(holds, nameHasher([key]), new Map()) };
  } finally {
    await pool.end();
  }
}

test('who signed up twice is held as one person, where somebody says so', async () => {
  // Two numbers, and the name in two spellings.
  expect(await add(['person.name=twin', '--one-person'])).toMatchObject({ found: true, hold: { names: 4 } });
});
