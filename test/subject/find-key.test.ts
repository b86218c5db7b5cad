import { expect, test } from 'vitest';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { findPerson } from '../../src/lib/subject/find/index.ts';
import { eraseWorld } from '../support/erase-world.ts';

test('a key that names somebody is not shown', async () => {
  const world = await eraseWorld({
    schema: `create schema app; create table app.login (realm int, name text, primary key (realm, name));
      insert into app.login values (7, 'ann@example.org')`,
    map: `version: 1
subjects: {person: {identities: {email: {}}}}
tables:
  app.login:
    primary_key: [realm, name]
    ownership: exclusive
    fields: {name: {type: text, category: user.contact.email, identity: person.email}}
`,
  });
  const options = { who: ['ann@example.org'], tenant: undefined, signal: new AbortController().signal };
  const found = await withConnection({ url: world.url, role: 'test' }, (client) =>
    findPerson(client, world.map, options),
  );
  await world.close();
  // printf %s ann@example.org | sha256sum
  expect(found.persons).toEqual([{ table: 'app.login', key: ['7', '#438c4c7a'], tenant: null }]);
});
