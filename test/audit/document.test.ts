import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { currentActor } from '../../src/lib/audit/actor.ts';
import { type AuditAnchor, appendAudit } from '../../src/lib/audit/append.ts';
import { readAnchor } from '../../src/lib/audit/read-anchor.ts';
import { type TestState, testState } from '../support/operation.ts';

let state: TestState;
let folder: string;
let anchor: AuditAnchor;

beforeAll(async () => {
  state = await testState();
  folder = await mkdtemp(join(tmpdir(), 'postern-anchor-'));
  for (let count = 0; count < 5; count += 1) {
    anchor = await appendAudit(state.pool, {
      at: new Date(),
      event: 'note',
      action: 'test',
      run: randomUUID(),
      actor: currentActor(),
    });
  }
});
afterAll(async () => {
  await state.close();
  await rm(folder, { recursive: true });
});

test('the query in docs/formats/audit.md finds nothing in a whole log, and finds a changed entry', async () => {
  const document = await readFile(new URL('../../docs/formats/audit.md', import.meta.url), 'utf8');
  const query = /```sql\n([\s\S]*?)```/.exec(document)?.[1] ?? '';
  expect((await state.pool.query(query)).rows).toEqual([]);
  await state.pool.query('alter table postern.audit_entry disable trigger all');
  await state.pool.query(`update postern.audit_entry set body = replace(body, 'note', 'done') where seq = 3`);
  expect((await state.pool.query(query)).rows).toEqual([{ seq: '3' }]);
  await state.pool.query('delete from postern.audit_entry where seq = 1');
  expect((await state.pool.query(query)).rows).toEqual([{ seq: '2' }, { seq: '3' }]);
});

test('an anchor is read from the command line, from a bare file and from the output of audit verify', async () => {
  expect(await readAnchor(`${anchor.seq}:${anchor.hash}`)).toEqual(anchor);
  for (const [index, content] of [
    anchor,
    { head: anchor },
    { schemaVersion: 1, result: { head: anchor } },
  ].entries()) {
    const file = join(folder, `${index}.json`);
    await writeFile(file, JSON.stringify(content));
    expect(await readAnchor(file)).toEqual(anchor);
  }
});

test('what is no anchor is a usage error that says so', async () => {
  const file = join(folder, 'empty.json');
  await writeFile(file, '{"result": {"head": null}}');
  for (const given of [file, join(folder, 'missing.json'), '5:abc', '']) {
    await expect(readAnchor(given)).rejects.toMatchObject({ exitCode: 2, code: 'anchor-unreadable' });
  }
});
