import { expect, test } from 'vitest';
import { objectReferences, readDataMap } from '../../../src/lib/platform/map/index.ts';

test('every template of an object key is told with its table, its bucket and the column that may be null', async () => {
  const text = `version: 1
subjects:
  user: {identities: {account: {}}}
tables:
  '"mail".messages':
    ownership: shared
    fields:
      raw_key: {type: text, object: {bucket: mail, key: 'raw/{tenant_id}/{id}.eml', format: eml}}
      preview: {object: {bucket: previews, key: '{{v1}}/{id}', format: text}}
      broken: {object: {bucket: previews, key: '{id', format: text}}
`;
  const { map } = await readDataMap(text, 'map.yaml');
  const key = [{ text: 'raw/' }, { column: 'tenant_id' }, { text: '/' }, { column: 'id' }, { text: '.eml' }];
  expect(objectReferences(map)).toEqual([
    { table: 'mail.messages', bucket: 'mail', key, column: 'raw_key' },
    {
      table: 'mail.messages',
      bucket: 'previews',
      key: [{ text: '{' }, { text: 'v1' }, { text: '}' }, { text: '/' }, { column: 'id' }],
    },
  ]);
});
