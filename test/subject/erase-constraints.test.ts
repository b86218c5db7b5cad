import { afterEach, expect, test } from 'vitest';
import { planErase } from '../../src/lib/subject/erase/index.ts';
import { type EraseWorld, erasePerson, eraseWorld, wholePlatform } from '../support/erase-world.ts';

let world: EraseWorld;
afterEach(() => world.close());

async function planAnn() {
  const seeds = world.seeds(['ann@example.org']);
  return planErase(await world.context(), { seeds, tenant: undefined, reason: 'test', request: undefined });
}

const erased = `(erased)`;

test.each([
  [
    'UNIQUE, twice',
    `update app.note set author = author || id; alter table app.note add constraint one unique (author)`,
    /app\.note: .*once only in \(author\)/,
  ],
  [
    'UNIQUE, and there from an earlier erasure',
    `update app.note set author = author || id; delete from app.note where id = 2; insert into app.note values (9, null, null, '${erased}', null, '{}');
     create unique index on app.note (author)`,
    /app\.note: .*once only in \(author\)/,
  ],
  [
    'CHECK',
    `alter table app.note add constraint named check (author ~ '^[A-Z]')`,
    /app\.note: .*forbidden by named/,
  ],
  [
    'the length of a type',
    `create domain app.short as text check (length(value) <= 7); alter table app.note alter author type app.short using left(author, 7)`,
    /app\.note: .*short_check/,
  ],
  [
    'CHECK of what is emptied',
    `alter table app.card add constraint whole check (full_name <> 'erased')`,
    /app\.card: .*forbidden by whole/,
  ],
])('%s is told before anything is done, without a value', async (_, sql, message) => {
  world = await eraseWorld();
  await world.query(sql);
  const before = await wholePlatform(world);
  const failed = await planAnn().catch((error: unknown) => error);
  expect(failed).toMatchObject({
    exitCode: 6,
    code: 'erase-blocked',
    message: expect.stringMatching(message),
  });
  expect(JSON.stringify(failed)).not.toMatch(/Ann Example|ann@/i);
  expect(await wholePlatform(world)).toEqual(before);
});

test('what constraints allow is planned', async () => {
  world = await eraseWorld();
  await world.query(
    `alter table app.note add constraint named check (author <> ''), add constraint one unique (author, id);
     alter table app.card add constraint whole check (email like '%@%'), add unique (tenant_id, email)`,
  );
  const { plan } = await planAnn();
  expect(plan.body.kind).toBe('subject.erase');
});

test.each(['line', 'lower(line)'])(
  'of texts that may stand once only (%s), each stays different from the others, and those of earlier erasures',
  async (once) => {
    world = await eraseWorld();
    await world.query(
      `delete from app.log; create unique index on app.log (${once});
     insert into app.log (day, id, line) select '2026-01-01', n, 'People/' || name from (values
       (1, 'ann@example.org'), (2, 'ann@example.org/old'), (3, 'Ann+x@example.org'), (4, 'bob@example.org')) x (n, name)`,
    );
    await erasePerson(world, 'ann@example.org');
    await erasePerson(world, 'bob@example.org');
    const rows = await world.query('select line from app.log order by id');
    const names = rows.map(({ line }) => String(line));
    for (const name of names) expect(name).toMatch(/^People\/erased-[\da-f]{16}@erased\.invalid(?:\/old)?$/);
    expect(new Set(names).size).toBe(4);
    expect(names[1]).toBe(`${names[0]}/old`);
  },
);
