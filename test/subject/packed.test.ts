import { deflateSync, gzipSync, inflateSync, zstdCompressSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { packedIn } from '../../src/lib/subject/identity/packed.ts';
import { email, subjects } from '../support/erase-platform.ts';
import { type EraseWorld, erasePerson, eraseWorld } from '../support/erase-world.ts';

let world: EraseWorld | undefined;
afterEach(async () => world?.close());

const session = (who: string) => `{"user":1,"email":"${who}","more":"${'x'.repeat(40)}"}`;
const signed = (who: string) =>
  `.${deflateSync(session(who)).toString('base64url')}:1xVhih:WoPN7LOdCl3YPbUYaJOV`;

test.each([
  ['zlib', deflateSync(session('a@b.example'))],
  ['gzip', gzipSync(session('a@b.example'))],
  ['zstd', zstdCompressSync(session('a@b.example'))],
  ['base64 of zlib', Buffer.from(deflateSync(session('a@b.example')).toString('base64'))],
  ['base64 of gzip', Buffer.from(gzipSync(session('a@b.example')).toString('base64'))],
  ['base64 of zstd', Buffer.from(zstdCompressSync(session('a@b.example')).toString('base64'))],
  ['a signed session', Buffer.from(signed('a@b.example'))],
])('%s is opened and packed again', (_, value) => {
  const packed = packedIn(value);
  expect(packed?.content.toString()).toBe(session('a@b.example'));
  expect(packedIn(packed?.pack(Buffer.from('other')) ?? value)?.content.toString()).toBe('other');
});

test.each(['eJ', 'eJust a word', '.eJxyz', 'H4sIAAAA', 'x\u009c', '', '.'])(
  '%j is nothing of the kind',
  (text) => {
    expect(packedIn(Buffer.from(text, 'latin1'))).toBeUndefined();
  },
);

test('who stands in something compressed is found, erased and told', async () => {
  world = await eraseWorld({
    schema: `create schema app;
      create table app.person (id int primary key, email text not null);
      create table app.session (key text primary key, data text not null);
      create table app.spool (id int primary key, raw bytea not null);
      create table app.forgotten (id int primary key, raw bytea not null, data text not null);
      insert into app.person values (1, 'ann@example.org'), (2, 'bob@example.org');
      insert into app.session values ('a', '${signed('ann@example.org')}'), ('b', '${signed('bob@example.org')}');
      insert into app.spool values (1, '\\x${deflateSync(session('ann@example.org')).toString('hex')}'), (2, '\\x${deflateSync(session('joann@example.org')).toString('hex')}');
      insert into app.forgotten values (1, '\\x${gzipSync(session('ann@example.org')).toString('hex')}', '${signed('ann@example.org')}');`,
    map: `${subjects}  app.person: {primary_key: [id], ownership: exclusive, fields: {email: ${email}}, erase: delete}
  app.session:
    primary_key: [key]
    ownership: third-party
    fields: {data: {type: text, category: user.contact.email, identity: person.email, parser: base64, erase: with-row}}
    erase: delete
  app.spool:
    primary_key: [id]
    ownership: third-party
    fields: {raw: {type: bytea, category: user.content, identity: person.email, parser: text, erase: {redact: address}}}
    erase: redact
  app.forgotten: {primary_key: [id], ownership: third-party, non_personal: [raw, data]}
`,
  });
  const done = await erasePerson(world, 'ann@example.org');
  expect(await world.query('select key from app.session')).toEqual([{ key: 'b' }]);
  const spool = await world.query<{ raw: Buffer }>('select raw from app.spool order by id');
  expect(spool.map(({ raw }) => inflateSync(raw).toString())).toEqual([
    session('erased@erased.invalid'),
    session('joann@example.org'),
  ]);
  expect(done?.left).toMatchObject([
    { place: 'app.forgotten', column: 'raw', form: 'compressed', rows: 1 },
    { place: 'app.forgotten', column: 'data', form: 'compressed', rows: 1 },
  ]);
});
