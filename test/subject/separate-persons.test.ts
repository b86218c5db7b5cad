import { expect, test } from 'vitest';
import { readDataMap } from '../../src/lib/platform/map/index.ts';
import { separatePersons } from '../../src/lib/subject/find/one-person.ts';
import { personGraph } from '../../src/lib/subject/graph/person-graph.ts';
import { email, subjects } from '../support/erase-platform.ts';

test('rows that are a person each are told from names that stand several times', async () => {
  const { map } = await readDataMap(
    `${subjects}  app.account: {primary_key: [id], ownership: exclusive, fields: {email: ${email}}}
  app.subscription:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: soft}]
    fields: {email: ${email}}
`,
    'map.yaml',
  );
  const graph = personGraph(map);
  const row = (table: string, key: string, tenant: string | null = null) => ({ table, key: [key], tenant });
  const [one, other] = [row('app.account', '1'), row('app.account', '2')];
  const [first, again] = [row('app.subscription', '1', 'a'), row('app.subscription', '2', 'a')];
  const elsewhere = row('app.subscription', '3', 'b');
  expect(separatePersons(graph, [one, other, first, again, elsewhere])).toEqual([
    one,
    other,
    first,
    elsewhere,
  ]);
});
