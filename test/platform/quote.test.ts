import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../src/lib/base/postgres.ts';
import { readCatalog } from '../../src/lib/platform/catalog/index.ts';
import {
  qualifiedName,
  quoteIdentifier,
  quoteLiteral,
  quoteTextArray,
} from '../../src/lib/platform/quote.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const text = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom('"', "'", '\\', '$', '.', ' ', ';', '-', '\n', 'A', 'é', '表', '🜂'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
  })
  .filter((value) => !value.includes('\0') && value.isWellFormed());
// PostgreSQL cuts names at 63 bytes.
const name = fc
  .oneof(text, fc.constantFrom('select', 'user', 'Table', 'a"b', 'a.b', 'null', '"'))
  .filter((value) => value !== '' && Buffer.byteLength(value) <= 63);

describe('quoting', () => {
  let database: TestDatabase;
  let client: Client;
  beforeAll(async () => {
    database = await testDatabase();
    client = await connect({ url: database.url, role: 'test' });
  });
  afterAll(async () => {
    await client?.end();
    await database?.drop();
  });

  it('makes any name name exactly itself, from CREATE to the catalog', async () => {
    await fc.assert(
      fc.asyncProperty(name, name, name, async (schema, table, column) => {
        fc.pre(!schema.startsWith('pg_') && schema !== 'public' && schema !== 'information_schema');
        await client.query('begin');
        try {
          await client.query(`create schema ${quoteIdentifier(schema)}`);
          await client.query(`create table ${qualifiedName(schema, table)} (${quoteIdentifier(column)} int)`);
          const { relations } = await readCatalog(client, { schemas: [schema] });
          expect(
            relations.map((relation) => [relation.schema, relation.name, relation.columns[0]?.name]),
          ).toEqual([[schema, table, column]]);
        } finally {
          await client.query('rollback');
        }
      }),
      { numRuns: 150 },
    );
  });

  it.each(['on', 'off'])(
    'makes any text a literal of itself with standard_conforming_strings %s',
    async (setting) => {
      await client.query(`set standard_conforming_strings = ${setting}`);
      await fc.assert(
        fc.asyncProperty(text, fc.array(text), async (one, many) => {
          const { rows } = await client.query(
            `select ${quoteLiteral(one)}::text as one, ${quoteTextArray(many)} as many`,
          );
          expect(rows).toEqual([{ one, many }]);
        }),
        { numRuns: 200 },
      );
    },
  );

  it('refuses what no name and no text can be', () => {
    expect(() => quoteIdentifier('')).toThrow('cannot be the name');
    expect(() => quoteIdentifier('a\0b')).toThrow('cannot be the name');
    expect(() => quoteLiteral('a\0b')).toThrow('NUL');
  });
});
