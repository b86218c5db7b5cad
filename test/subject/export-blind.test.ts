import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeWith } from '../support/optional.ts';
import { rows, text } from './export-reader.ts';
import { type ExportWorld, unzipped, withExportWorld } from './export-world.ts';

// What must not come along, in platforms that keep it elsewhere than in the header of a message.

let world: ExportWorld;
withExportWorld(async (made) => {
  world = made;
  await world.put('call', 'RECORDED-CALL');
  await world.put('next', 'Subject: theirs\r\n\r\nTHEIRS');
  await world.sql(`
    create domain app.document as jsonb;
    create domain app.settings as app.document;
    create table app.taken_apart (
      id int primary key, account int references app.account, sender text, bcc text[], copies jsonb, bcc_list text, setup app.settings, payload text
    );
    create table app.reported (id int primary key, account int references app.account, raw text, reset text, call text);
    insert into app.taken_apart values (1, 1, 'x@x.example', '{ann@münster.example,hidden@x.example}',
      '{"to": [{"name": "Zoe", "a": "z@x.example"}], "bcc": [{"name": "HIDDEN-NAME", "a": "hidden@x.example"}]}',
      'Ann <ann@münster.example>, HIDDEN-NAME <hidden@x.example>', '{"token": "TOKEN-ANN", "x": 1}',
      '{"id": "<1@x.example>", "h": [{"Resent-Bcc": ["Hid <hidden@x.example>", "ann@münster.example"]}]}');
    insert into app.reported values (1, 1, E'Subject: STAFF-NOTE\r\n\r\nx', E'Subject: TOKEN-ANN\r\n\r\nx', 'call');
    alter table app.mail add cc text;
    alter table app.part add content bytea;
    insert into app.part values (8, 1, 'next.EML', 'next', null), (9, 1, 'next.eml', null, 'Subject: theirs\n\nTHEIRS'::bytea);
    update app.mail set cc = 'X <x@x.example>, hidden@x.example' where id = 1`);
});

const edit = (map: string) =>
  map
    .replace(
      '      rcpt: {type',
      '      cc: {type: text, parser: address-list, category: user.contact.email}\n      rcpt: {type',
    )
    .replace('      file_name: {', '      content: {type: bytea, category: user.content}\n      file_name: {')
    .replace(
      'keyrings:',
      `  app.taken_apart:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account, to: app.account.id, kind: fk}]
    fields:
      sender: {type: text, category: user.contact.email, identity: contact.email}
      bcc: {type: 'text[]', category: user.contact.email, identity: contact.email}
      bcc_list: {type: text, category: user.contact.email, parser: address-list}
      copies: {type: jsonb, paths: {'$.to[*].a': {identity: contact.email}, '$.bcc[*].a': {identity: contact.email}}}
      payload: {type: text, parser: json, category: user.content}
      setup: {type: app.settings, paths: {'$.token': {category: user.authorization.credentials}}}
  app.reported:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account, to: app.account.id, kind: fk}]
    fields:
      raw: {type: text, parser: rfc5322, review: staff reported it}
      reset: {type: text, parser: rfc5322, category: user.authorization}
      call: {type: text, review: others speak, object: {bucket: mail, key: '{call}', format: binary}}
keyrings:`,
    );

describeWith(['python3'], 'an archive', ({ python3 }) => {
  const open = (name = 'out.zip') => unzipped(python3, join(world.folder, name));

  test('masks blind copies where the row has no header, and names in a list that a header does not name', async () => {
    await world.run({}, {}, edit);
    const [row] = rows(open(), 'taken_apart');
    expect(row).toMatchObject({
      sender: 'x@x.example',
      bcc: ['ann@münster.example', expect.stringMatching(/^\[masked/)],
      bcc_list: expect.stringMatching(/^ann@münster\.example, \[masked/),
      copies: {
        to: [{ name: 'Zoe', a: 'z@x.example' }],
        bcc: [{ name: expect.stringMatching(/^\[masked/), a: expect.stringMatching(/^\[masked/) }],
      },
    });
    expect(JSON.parse(String(row?.['payload']))).toEqual({
      id: '<1@x.example>',
      h: [{ 'Resent-Bcc': [expect.stringMatching(/^\[masked/), 'ann@münster.example'] }],
    });
    expect(rows(open(), 'mail').find(({ id }) => id === 1)).toMatchObject({
      cc: expect.stringMatching(/^x@x\.example, \[masked/),
    });
  });

  test('leaves secrets out of documents whose type is a domain over another', async () => {
    await world.run({}, {}, edit);
    expect(rows(open(), 'taken_apart')[0]).toMatchObject({
      setup: { token: '[left out: it opens an account]', x: 1 },
    });
  });

  test('takes nothing for a message that is a secret or waits for a decision, and asks about objects too', async () => {
    const { review } = await world.run({}, {}, edit);
    expect(review.open).toBe(5);
    const files = open();
    expect(text(files, 'app.reported/1.eml')).toBe('');
    expect(rows(files, 'reported')).toEqual([
      { id: 1, account: 1, raw: expect.stringMatching(/^\[masked.*staff reported it/), call: 'call' },
    ]);
    // A message that is attached is asked about wherever it lies.
    const attached = rows(files, 'part').find(({ id }) => id === 9);
    expect(Buffer.from(String(attached?.['content']), 'base64').toString()).toMatch(/^\[masked/);
    for (const content of files.values()) {
      expect(content.toString()).not.toMatch(/RECORDED-CALL|TOKEN-ANN|STAFF-NOTE|THEIRS/);
    }
  });
});
