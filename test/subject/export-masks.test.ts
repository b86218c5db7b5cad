import { readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readDecisions } from '../../src/lib/subject/export/index.ts';
import { describeWith } from '../support/optional.ts';
import { manifest, rows, text } from './export-reader.ts';
import { type ExportWorld, unzipped, withExportWorld } from './export-world.ts';

let world: ExportWorld;
withExportWorld((made) => {
  world = made;
});

describeWith(['python3'], "what is others' too", ({ python3 }) => {
  const open = (name = 'out.zip') => unzipped(python3, join(world.folder, name));

  test("masks blind copies to others in header and envelope, and keeps the person's own", async () => {
    const { summary } = await world.run();
    const files = open();
    const one = text(files, 'app.mail/1.eml');
    expect(one).toMatch(/^Bcc: undisclosed:;\r\nX-Masked: Bcc \[masked, Article 15\(4\) GDPR: /m);
    expect(one).toMatch(/\r\nSubject: one\r\nDate: .*\r\n\r\nHello\r\nFrom here on\r\n$/);
    expect(text(files, 'app.mail/2.eml')).toContain('Bcc: <ann@münster.example>, undisclosed:;\r\n');
    expect(rows(files, 'mail')[0]).toMatchObject({
      rcpt: ['ann@münster.example'],
      meta: { rcpt: [{ a: 'ann@münster.example' }, { a: expect.stringContaining('masked') }] },
    });
    expect(summary.masked).toEqual([
      { kind: 'bcc', count: 3 },
      { kind: 'internal-note', count: 1 },
    ]);
    expect(manifest(files).maskings[0]).toEqual({
      kind: 'bcc',
      table: 'app.mail',
      key: ['1'],
      field: 'message',
      file: 'app.mail/1.eml',
      bytes: 42,
      why: 'blind copies to others: that they got it is theirs to tell',
      decision: 'mask',
      reason: 'by rule',
    });
  });

  test('gives blind copies out where somebody says why', async () => {
    const { summary } = await world.run({ discloseBcc: 'she wrote them' });
    const files = open();
    expect(text(files, 'app.mail/1.eml')).toContain('Bcc: hidden@x.example,\r\n other@x.example\r\n');
    expect(summary.disclosed).toBe(3);
    expect(manifest(files).maskings[0]).toMatchObject({ decision: 'disclose', reason: 'she wrote them' });
  });

  test('waits for a decision on a note of staff, and obeys it', async () => {
    await world.run();
    expect(rows(open(), 'ticket')).toEqual([
      { id: 1, account: 1, subject: 'help', notes: expect.stringMatching(/^\[masked.*staff wrote it/) },
    ]);
    const path = join(world.folder, 'out.review.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const file = JSON.parse(readFileSync(path, 'utf8')) as { items: Record<string, unknown>[] };
    expect(file.items).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{64}$/),
        kind: 'internal-note',
        table: 'app.ticket',
        key: ['1'],
        field: 'notes',
        why: 'staff wrote it for themselves',
        excerpt: 'STAFF-NOTE about Ann',
        decision: null,
        reason: null,
      },
    ]);
    const decide = async (decision: string) => {
      const decided = join(world.folder, `${decision}.json`);
      await writeFile(
        decided,
        // With a byte order mark, as some editors save it.
        `\uFEFF${JSON.stringify({ ...file, items: [{ ...file.items[0], decision, reason: 'looked at' }] })}`,
      );
      const { review, summary } = await world.run({
        decisions: await readDecisions(decided),
        fileName: () => `${decision}.zip`,
        reviewPath: join(world.folder, `${decision}.review.json`),
      });
      expect(review).toEqual({ open: 0, used: 1 });
      return { files: open(`${decision}.zip`), summary };
    };
    const given = await decide('disclose');
    expect(rows(given.files, 'ticket')[0]).toMatchObject({ notes: 'STAFF-NOTE about Ann' });
    expect(given.summary.disclosed).toBe(1);
    expect(manifest(given.files).maskings.at(-1)).toMatchObject({
      decision: 'disclose',
      reason: 'looked at',
    });
    const kept = await decide('mask');
    expect(text(kept.files, 'app.ticket/rows.json')).not.toContain('STAFF');
    expect(manifest(kept.files).maskings.at(-1)).toMatchObject({ decision: 'mask', reason: 'looked at' });
    expect(await world.files()).not.toContain('mask.review.json');
    // The next file has what was decided, beside what is open.
    await world.sql(`insert into app.ticket values (9, 1, 'more', 'another')`);
    const next = join(world.folder, 'next.review.json');
    const some = await world.run({
      decisions: await readDecisions(join(world.folder, 'disclose.json')),
      fileName: () => 'next.zip',
      reviewPath: next,
    });
    expect(some.review).toEqual({ open: 1, used: 1 });
    expect(JSON.parse(readFileSync(next, 'utf8'))).toMatchObject({
      items: [
        { key: ['1'], decision: 'disclose', reason: 'looked at' },
        { key: ['9'], decision: null, reason: null },
      ],
    });
    await world.sql('delete from app.ticket where id = 9');
    // A decision is about what was seen: another note waits again.
    await world.sql(`update app.ticket set notes = 'STAFF-NOTE changed' where id = 1`);
    const decisions = await readDecisions(join(world.folder, 'disclose.json'));
    const again = await world.run({
      decisions,
      fileName: () => 'c.zip',
      reviewPath: join(world.folder, 'c.json'),
    });
    expect(again.review).toEqual({ open: 1, used: 0 });
    await world.sql(`update app.ticket set notes = 'STAFF-NOTE about Ann' where id = 1`);
  });
});

test('a review file without a reason, or of another form, is refused', async () => {
  const file = join(world.folder, 'r.json');
  const item = {
    id: 'a'.repeat(64),
    kind: 'internal-note',
    table: 't',
    key: [],
    field: 'f',
    why: 'w',
    excerpt: 'PERSONAL',
  };
  const write = (items: unknown) =>
    writeFile(file, JSON.stringify({ format: 'urn:postern:format:subject-review:v1', items }));
  await write([{ ...item, decision: 'disclose', reason: ' ' }]);
  await expect(readDecisions(file)).rejects.toMatchObject({ code: 'review-reason-missing' });
  await write([{ ...item, decision: 'maybe', reason: 'x' }]);
  await expect(readDecisions(file)).rejects.toMatchObject({ code: 'review-invalid' });
  const both = ['disclose', 'mask'].map((decision) => ({ ...item, decision, reason: 'x' }));
  await write(both);
  await expect(readDecisions(file)).rejects.toMatchObject({ code: 'review-invalid' });
  await write([{ ...item, decision: null, reason: null }]);
  expect((await readDecisions(file)).size).toBe(0);
  await writeFile(file, '{"PERSONAL');
  const error = await readDecisions(file).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'review-invalid', message: expect.not.stringContaining('PERSONAL') });
  await expect(readDecisions(join(world.folder, 'none'))).rejects.toMatchObject({ code: 'file-unreadable' });
});
