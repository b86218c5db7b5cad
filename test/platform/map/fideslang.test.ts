import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { datasetsText, draftFromDatasets, readDatasets } from '../../../src/lib/cli/map-convert.ts';
import { exportFideslang, fidesFile, type Loss } from '../../../src/lib/platform/map/fideslang/index.ts';
import { type DataMap, lintDataMap, readDataMap } from '../../../src/lib/platform/map/index.ts';
import { projectRoot } from '../../support/cli.ts';
import { platformMap } from './fixture.ts';

const fixtures = join(import.meta.dirname, 'fideslang');
const sandboxMap = join(projectRoot, 'examples', 'sandbox.map.yaml');
const mapOf = async (text: string) => (await readDataMap(text, 'map.yaml')).map;
const sandbox = async () => mapOf(await readFile(sandboxMap, 'utf8'));
const importing = async (datasets: unknown) => {
  const draft = await draftFromDatasets(fidesFile.parse(datasets), 'datasets.yml');
  return { ...draft, map: await mapOf(draft.text) };
};

/** What a round trip must keep, by table. @param isKeyOrdered false: fideslang sorts the fields of a collection */
function essence(map: DataMap, isKeyOrdered = true) {
  return Object.fromEntries(
    Object.entries(map.tables).map(([name, { primary_key: key = [], references = [], fields = {} }]) => {
      const parts = Object.entries(fields).flatMap(([column, field]) => [
        [column, field] as const,
        ...Object.entries(field.paths ?? {}).map(([path, part]) => [`${column} ${path}`, part] as const),
      ]);
      const by = (what: 'category' | 'identity') =>
        parts
          .filter(([, part]) => part[what] !== undefined && part[what] !== 'TODO')
          .map(([place, part]) => `${place}: ${part[what]}`)
          .toSorted();
      const edges = references
        .filter(({ column, to }) => typeof column === 'string' && ![to].flat()[0]?.startsWith(`${name}.`))
        .map(({ column, to, path = '' }) => `${[column].flat()[0]}${path} → ${[to].flat()[0]}`);
      return [
        name,
        {
          key: isKeyOrdered ? key : key.toSorted(),
          categories: by('category'),
          identities: by('identity'),
          references: edges.toSorted(),
        },
      ];
    }),
  );
}

describe('a map that goes there and back', () => {
  test.each([
    ['of the sandbox', sandbox],
    ['of the documents', () => mapOf(platformMap)],
  ])('%s keeps categories, identities, references and keys', async (_, load) => {
    const map = await load();
    const { datasets } = exportFideslang(map);
    const back = await importing({ dataset: datasets });
    expect(essence(back.map)).toEqual(essence(map));
    expect(back.map.subjects).toEqual(map.subjects);
    expect(back.losses).toEqual([]);
    expect(new Set(lintDataMap(back.map).map(({ rule }) => rule))).toContain('MAP11');
  });

  test('also by way of fideslang itself, which sorts it and writes more into it', async () => {
    const map = await sandbox();
    const back = await importing(await readDatasets(join(fixtures, 'as-fides-holds-it.yml')));
    expect(essence(back.map, false)).toEqual(essence(map, false));
    expect(back.map.subjects).toEqual(map.subjects);
  });

  test('keeps what becomes of rows and fields as far as fideslang can say it', async () => {
    const { map } = await importing({ dataset: exportFideslang(await sandbox()).datasets });
    expect(map.tables['mail.accounts']?.erase).toBe('delete');
    expect(map.tables['mail.messages']?.erase).toBe('TODO');
    expect(map.tables['mail.tenants']?.fields?.['contact_email']?.erase).toEqual({
      replace: 'privacy@invalid.example',
    });
    expect(map.tables['mail.messages']?.fields?.['sender_ref']?.erase).toEqual({ pseudonymise: 'hmac' });
    expect(map.tables['mail.tenants']?.non_personal).toContain('slug');
  });
});

test('the sandbox’s map is written as fideslang was asked about it (fideslang/check.py)', async () => {
  const { datasets } = exportFideslang(await sandbox());
  const text = await datasetsText(datasets, 'examples/sandbox.map.yaml');
  expect(text).toBe(await readFile(join(fixtures, 'sandbox.yml'), 'utf8'));
});

describe('what fideslang cannot say is told', () => {
  const base = (table: string, rest = '') => `version: 1
subjects: {user: {identities: {email: {}}}}
tables:
  public.person: {primary_key: [id], ownership: exclusive, fields: {email: {type: text, category: user.contact.email, identity: user.email}}}
  public.other: {primary_key: [id], ownership: exclusive${table}}
${rest}`;
  const losses = async (text: string): Promise<readonly Loss[]> => exportFideslang(await mapOf(text)).losses;
  const ref = (text: string) => `, references: [{${text}}]`;
  const field = (text: string) => `, fields: {f: {${text}}}`;

  test('and of what it can say, nothing is', async () => {
    expect(await losses(base(ref('column: p, to: public.person.id, kind: soft')))).toEqual([]);
    expect(
      await losses(base(', erase: delete, fields: {f: {type: text, category: user.name, erase: set-null}}')),
    ).toEqual([]);
  });

  test.each<[Loss['kind'], string, string?]>([
    ['ownership', ', ownership: shared'],
    ['ownership', ', ownership: third-party'],
    ['tenant', ', tenant: t'],
    ['legal-basis', ', legal_basis: contract'],
    ['retention', ', retention: {keep: P2Y}'],
    ['erase', ', erase: restrict'],
    ['erase', field('type: text, category: user.name, erase: shred')],
    ['erase', field('type: text, category: user.name, erase: {keep: a law}')],
    ['exports', ', exports: {as: json}'],
    ['self-reference', ref('column: up, to: public.other.id, kind: fk')],
    ['composite-reference', ref('column: [a, b], to: [public.person.id, public.person.email], kind: fk')],
    ['fold', ref('column: a, to: public.person.email, kind: soft, fold: lower')],
    ['reference-path', ref('column: a, to: public.person.email, kind: soft, path: "$.*"')],
    ['reference-path', ref('column: a, to: public.person.email, kind: soft, prefix: "u/"')],
    ['reference-target', ref('column: a, to: public.gone.id, kind: soft')],
    ['owner', `${ref('column: a, to: public.person.id, kind: soft, as: p')}, owner: p`],
    ['object', field('object: {bucket: b, key: "{id}", format: eml}')],
    ['encryption', field('type: text, encrypted: {dek: public.person.id}')],
    ['parser', field('type: text, parser: rfc5322')],
    ['about', field('type: text, category: user.content, about: false')],
    ['domain', field('type: text, category: user.name, identity: user.email, domain: {column: d}')],
    ['review', field('type: text, category: user.content, review: staff wrote it')],
    ['path', field('type: jsonb, paths: {"$.*": {category: user.name}}')],
    ['category', field('type: text, category: user.shoe_size')],
    ['undecided', field('type: text, category: TODO')],
    ['type', field('type: uuid, category: user.unique_id')],
    ['trigger', '', 'triggers: {public.person.t: {effect: none}}'],
    ['ignore', '', 'ignore: [{table: public.x, reason: nothing}]'],
  ])('%s', async (kind, table, rest = '') => {
    const text = base(table.startsWith(', ownership') ? '' : table, rest).replace(
      'other: {primary_key: [id], ownership: exclusive',
      `other: {primary_key: [id], ${table.startsWith(', ownership') ? table.slice(2) : 'ownership: exclusive'}`,
    );
    expect((await losses(text)).map((loss) => loss.kind)).toEqual([kind]);
  });

  test('normalisation', async () => {
    expect(await losses(base('').replace('email: {}', 'email: {normalise: [lower]}'))).toMatchObject([
      { kind: 'normalisation', path: 'user.email' },
    ]);
  });

  test('a dot in a name, in a table of a reference', async () => {
    const text = base(ref(`column: p, to: 'public."per.son".id', kind: soft`)).replace(
      'public.person:',
      `'public."per.son"':`,
    );
    expect(await losses(text)).toMatchObject([{ kind: 'name' }]);
  });
});

describe('a file of datasets that Fides’s users wrote', () => {
  const shop = {
    dataset: [
      {
        fides_key: 'shop',
        name: 'Shop',
        data_subjects: ['customer'],
        collections: [
          {
            name: 'customers',
            data_categories: ['user'],
            fields: [
              {
                name: 'id',
                data_categories: ['user.unique_id'],
                fides_meta: { primary_key: true, data_type: 'integer' },
              },
              {
                name: 'email',
                data_categories: ['system', 'user.contact.email'],
                fidesops_meta: { identity: 'email', data_type: 'string', length: 80 },
              },
              {
                name: 'loyalty',
                fides_meta: {
                  identity: 'Loyalty Id',
                  references: [{ dataset: 'shop', field: 'orders.customer', direction: 'to' }],
                },
              },
              { name: '__proto__', data_categories: ['user.name'] },
              { name: 'a.b: "x"\n', data_categories: ['user.name'] },
            ],
          },
          {
            name: 'orders',
            fields: [
              {
                name: 'customer',
                fides_meta: {
                  references: [
                    { dataset: 'elsewhere', field: 'a.b' },
                    { dataset: 'shop', field: 'customers.id', direction: 'from' },
                  ],
                },
              },
              {
                name: 'ship',
                fides_meta: { data_type: 'object[]' },
                fields: [
                  {
                    name: 'to',
                    fields: [
                      {
                        name: 'mail',
                        data_categories: ['user.contact.email'],
                        fides_meta: { identity: 'email' },
                      },
                    ],
                  },
                  { name: 'note' },
                ],
              },
              { name: 'total', data_categories: ['system.operations'] },
              {
                name: 'state',
                fides_meta: { masking_strategy_override: { strategy: 'random_string_rewrite' } },
              },
            ],
          },
        ],
      },
    ],
  };

  test('becomes a draft that loads, with TODO for what it does not say', async () => {
    const { map, losses, text } = await importing(shop);
    expect(map.subjects).toEqual({
      customer: { identities: { email: { normalise: ['trim', 'lower', 'nfc'] }, loyalty_id: {} } },
    });
    expect(map.tables['shop.customers']).toMatchObject({
      primary_key: ['id'],
      ownership: 'TODO',
      legal_basis: 'TODO',
      retention: 'TODO',
      erase: 'TODO',
    });
    const columns = Object.entries(map.tables['shop.customers']?.fields ?? {});
    expect(
      columns.map(([column, { type, category, identity }]) => [column, type, category, identity]),
    ).toEqual([
      ['id', 'bigint', 'user.unique_id', undefined],
      ['email', 'varchar(80)', 'user.contact.email', 'customer.email'],
      ['loyalty', 'text', 'user', 'customer.loyalty_id'],
      ['a.b: "x"\n', 'text', 'user.name', undefined],
    ]);
    expect(map.tables['shop.orders']).toMatchObject({
      references: [
        { column: 'customer', to: 'shop.customers.loyalty', kind: 'soft' },
        { column: 'customer', to: 'shop.customers.id', kind: 'soft' },
      ],
      fields: {
        ship: {
          type: 'jsonb',
          paths: {
            '$[*].to.mail': { category: 'user.contact.email', identity: 'customer.email' },
            '$[*].note': { category: 'TODO' },
          },
        },
        state: { category: 'TODO', erase: 'TODO' },
      },
      non_personal: ['total'],
    });
    expect(losses.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'name shop.customers',
      'category shop.customers.email',
      'erase shop.orders.state',
      'reference-target shop.orders.customer',
    ]);
    expect(text).toContain(
      '# not taken over: shop.orders.customer: a reference of a dataset that is not in the file',
    );
  });

  test('whatever its names are, the draft loads', async () => {
    const name = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.constantFrom('__proto__', 'constructor', 'a.b', '"', ' ', 'TODO', '#x', 'é\u202e'),
    );
    const field = fc.record({
      name,
      data_categories: fc.option(fc.array(fc.oneof(fc.constant('user.name'), fc.string()), { maxLength: 2 })),
      fides_meta: fc.option(
        fc.record({
          identity: fc.option(fc.string()),
          data_type: fc.option(fc.constantFrom('string', 'object[]', 'integer[]', 'nonsense')),
          references: fc.option(
            fc.array(fc.record({ dataset: fc.constantFrom('d', 'e'), field: fc.string() }), { maxLength: 2 }),
          ),
        }),
      ),
    });
    const nested = fc
      .tuple(field, fc.option(fc.array(field, { maxLength: 3 })))
      .map(([own, fields]) => ({ ...own, fields }));
    const collection = fc.record({
      name,
      fields: fc.uniqueArray(nested, { selector: (one) => one.name, maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(collection, { selector: (one) => one.name, maxLength: 3 }),
        async (collections) => {
          const { tables } = await importing({ dataset: [{ fides_key: 'd', collections }] });
          expect(tables).toBe(collections.length);
        },
      ),
      { numRuns: 300 },
    );
  });
});
