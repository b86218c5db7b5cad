import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, withConnection } from '../../src/lib/base/postgres.ts';
import {
  columnValueOverhead,
  columnValuesPerKey,
  sealColumnValue,
} from '../../src/lib/crypto/column-value.ts';
import { columnVectors } from '../crypto/column-vectors.ts';
import { projectRoot } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const document = readFileSync(join(projectRoot, 'docs/formats/column-value.md'), 'utf8');

function section(title: string): string {
  const text = document.split(/^## /m).find((part) => part.startsWith(`${title}\n`));
  if (text === undefined) throw new Error(`docs/formats/column-value.md has no section ${title}`);
  return text;
}

const sqlBlocks = (text: string) =>
  [...text.matchAll(/^```sql\n([\s\S]*?)^```/gm)].map(([, block = '']) => block.trim());

describe('what docs/formats/column-value.md says of encrypted values', () => {
  test('its numbers are those of the code', () => {
    expect(document).toContain(`${columnValueOverhead} bytes longer than the plaintext`);
    expect(document).toContain(`(${columnValuesPerKey.toLocaleString('en')})`);
  });

  test('its example of additional data is that of the test vector', () => {
    const vector = columnVectors.vectors.find(({ name }) => name === 'a token, of a 64-bit key');
    if (vector === undefined) throw new Error('the vector is gone');
    const [, size = '', shown = ''] =
      /"a token, of a 64-bit key", (\d+) bytes:\n\n```text\n([\s\S]*?)```/.exec(document) ?? [];
    const hexOf = (line: string) =>
      line
        .replace('…32 bytes of salt…', vector.salt.toString('hex'))
        .replace(/"(.*)"/, (_, text: string) => Buffer.from(text).toString('hex'))
        .replaceAll(' ', '');
    expect(shown.trimEnd().split('\n').map(hexOf).join('')).toBe(vector.additionalData.toString('hex'));
    expect(vector.additionalData).toHaveLength(Number(size));
  });

  test('its codes are those that the test vectors show', () => {
    const codes = [...section('Opening').matchAll(/`(column-value-[a-z]+)`/g)].map(([, code]) => code);
    expect(new Set(codes)).toEqual(new Set(columnVectors.refused.map(({ code }) => code)));
  });
});

describe('what docs/formats/column-value.md says of PostgreSQL', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database?.drop());

  function connected<T>(work: (client: Client) => Promise<T>): Promise<T> {
    return withConnection({ url: database.url, role: 'test' }, work);
  }

  test('the texts of primary keys are those of its output functions under the settings', async () => {
    const examples = [...section('Additional data').matchAll(/^\| `(.+?)` \| `(.+?)` \|$/gm)];
    expect(examples.length).toBeGreaterThan(12);
    await connected(async (client) => {
      for (const [, expression = '', text] of examples) {
        await client.query(
          "SET DateStyle = 'German'; SET TimeZone = 'Asia/Tokyo'; SET bytea_output = 'escape'",
        );
        await client.query("SET IntervalStyle = 'postgres'; SET extra_float_digits = 0");
        for (const setting of sqlBlocks(section('Additional data'))) await client.query(setting);
        const { rows } = await client.query<{ text: string }>({
          text: `SELECT format('%s', ${expression}) AS text`,
        });
        expect(rows[0]?.text, expression).toBe(text);
        const raw = await client.query<[string]>({
          text: `SELECT ${expression}`,
          rowMode: 'array',
          types: { getTypeParser: () => (value: string) => value },
        });
        expect(raw.rows[0]?.[0], expression).toBe(text);
      }
    });
  });

  test('a cast to text is another thing for the three types that it names', async () => {
    await connected(async (client) => {
      const { rows } = await client.query(
        `SELECT true::text AS a, format('[%s]', 'ab'::char(4)::text) AS b, '192.0.2.1'::inet::text AS c`,
      );
      expect(rows).toEqual([{ a: 'true', b: '[ab]', c: '192.0.2.1/32' }]);
    });
  });

  test('its statements run: counts are right, and the index answers them', async () => {
    const [first, second] = ['0f8fad5b-d9cb-469f-a165-70867728950e', '6f9619ff-8b86-4d01-b42d-00c04fc964ff'];
    const seal = (id: string, row: number) =>
      sealColumnValue(
        Buffer.from('token'),
        { id, dataKey: Buffer.alloc(32, 7) },
        { table: 'oauth_token', column: 'refresh_token', primaryKey: [String(row)], subject: '1' },
      );
    const [count, broken, index, countOne, partial, storage, ...others] = sqlBlocks(
      section('Counting without decrypting'),
    );
    const [update, ...otherUpdates] = sqlBlocks(section('Instructions for applications'));
    expect([...others, ...otherUpdates]).toEqual([]);
    await connected(async (client) => {
      await client.query('CREATE SCHEMA mail');
      await client.query(
        'CREATE TABLE mail.oauth_tokens (id bigint primary key, refresh_token_enc bytea, key_id uuid)',
      );
      await client.query('INSERT INTO mail.oauth_tokens SELECT n FROM generate_series(1, 9) n');
      const run = (text = '', values: unknown[] = []) => client.query<Record<string, unknown>>(text, values);
      for (let row = 1; row <= 7; row++) {
        const id = row < 5 ? first : second;
        expect((await run(update, [row, seal(id, row), id])).rowCount).toBe(1);
      }
      await run(update, [8, Buffer.from('in clear'), null]);
      expect((await run(count)).rows.sort((a, b) => Number(b['count']) - Number(a['count']))).toEqual([
        { key_id: first, count: '4' },
        { key_id: second, count: '3' },
      ]);
      expect((await run(broken)).rows).toEqual([{ id: '8' }]);
      await run(index);
      await run('SET enable_seqscan = off');
      expect((await run(countOne)).rows).toEqual([{ count: '4' }]);
      expect(JSON.stringify((await run(`EXPLAIN ${countOne}`)).rows)).toContain('oauth_tokens_value_key');
      await run(partial);
      await run('DROP INDEX mail.oauth_tokens_value_key');
      expect(JSON.stringify((await run(`EXPLAIN ${countOne}`)).rows)).toContain('oauth_tokens_retiring');
      await run(storage);
    });
  });
});
