import { expect, test } from 'vitest';
import { readDataMap } from '../../src/lib/platform/map/index.ts';
import { seedsOf } from '../../src/lib/subject/find/index.ts';
import { personGraph } from '../../src/lib/subject/graph/person-graph.ts';

const { map } = await readDataMap(
  `version: 1
subjects: {person: {identities: {email: {normalise: [lower]}}}}
tables: {a.b: {primary_key: [id], ownership: exclusive, fields: {e: {type: text, category: user.contact.email, identity: person.email}}}}
`,
  'map.yaml',
);

test('an address may have blanks in quotation marks, and nowhere else', () => {
  const graph = personGraph(map);
  for (const address of ['"ann smith"@example.org', '"a@b"@example.org', 'ann@example.org'])
    expect(seedsOf(graph, [address]).get('email')).toEqual(new Set([address]));
  for (const none of [
    'ann smith@example.org',
    '"ann smith"',
    '"ann"smith @example.org',
    '"ann smith@example.org',
  ])
    expect(() => seedsOf(graph, [none])).toThrow('that is no address');
});
