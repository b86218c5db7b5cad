import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runScript } from '../../src/lib/backup/raw-query.ts';
import { type Client, connect } from '../../src/lib/base/postgres.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

describe('runScript', () => {
  let database: TestDatabase;
  let client: Client;

  beforeAll(async () => {
    database = await testDatabase({ encoding: 'SQL_ASCII' });
    client = await connect({ url: database.url, role: 'test database' });
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  const run = (script: string | Buffer) => runScript(client, Buffer.from(script));
  const ask = async (sql: string) => (await client.query({ text: sql, rowMode: 'array' })).rows;

  test('runs every statement, results or none', async () => {
    await run(`CREATE TABLE run (n integer); INSERT INTO run VALUES (1); SELECT * FROM run; -- end\n;;`);
    expect(await ask('SELECT n FROM run')).toEqual([[1]]);
  });

  test('does nothing for an empty script', async () => {
    await run('');
    await run('\n-- nothing\n');
    expect(await ask('SELECT 1')).toEqual([[1]]);
  });

  test('sends bytes that are no text in the encoding that the script declares', async () => {
    const script = Buffer.concat([
      Buffer.from(
        `--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\nSET client_encoding = 'SQL_ASCII';\n`,
      ),
      Buffer.from("CREATE TABLE raw AS SELECT '\xe9\xff\x80'::text AS value;", 'latin1'),
    ]);
    await run(script);
    expect(await ask(`SELECT encode(convert_to(value, 'SQL_ASCII'), 'hex') FROM raw`)).toEqual([['e9ff80']]);
  });

  test('gives the session its own encoding back, even after an error', async () => {
    await run(`SET client_encoding = 'SQL_ASCII';`);
    await expect(run(`SET client_encoding = 'SQL_ASCII';\nSELECT 1/0;`)).rejects.toThrow('division by zero');
    expect(await ask('SHOW client_encoding')).toEqual([['UTF8']]);
  });

  test('names line and text of a statement that fails while it runs', async () => {
    const script = `SELECT 1;\n\n-- a comment\nSELECT 2;\n-- another\nINSERT INTO\n  missing VALUES (1);\nSELECT 3;`;
    await expect(run(script)).rejects.toMatchObject({
      exitCode: 1,
      code: 'script-failed',
      message:
        'line 6 of the script failed: relation "missing" does not exist (SQLSTATE 42P01), in: INSERT INTO missing VALUES (1);',
    });
  });

  test('names the statement that cannot be parsed, not the first of its batch', async () => {
    const script = `SELECT 'ééé 語';\nSELECT 2;\nSELEKT 3;\nSELECT 4;`;
    await expect(run(script)).rejects.toThrow(/^line 3 of the script failed: .* in: SELEKT 3;$/);
  });

  test('makes a transaction of 100 statements, so that no script needs more locks than a server has', async () => {
    const inserts = Array.from({ length: 150 }, (_, n) => `INSERT INTO batch VALUES (${n});`).join('\n');
    await client.query('CREATE TABLE batch (n integer)');
    await expect(run(`${inserts}\nSELECT 1/0;`)).rejects.toThrow('line 151');
    expect(await ask('SELECT count(*)::integer FROM batch')).toEqual([[100]]);
  });

  test('refuses a zero byte and rows to copy, and the connection stays usable', async () => {
    await expect(run('SELECT 1;\0')).rejects.toMatchObject({ code: 'script-failed' });
    await expect(run('COPY run FROM STDIN;')).rejects.toThrow('a script cannot hold rows to copy');
    expect(await ask('SELECT 1')).toEqual([[1]]);
  });

  test('reports a connection that is lost on the way', async () => {
    const other = await connect({ url: database.url, role: 'test database' });
    const script = Buffer.from('SELECT pg_terminate_backend(pg_backend_pid());');
    await expect(runScript(other, script)).rejects.toMatchObject({ code: 'script-failed' });
    await other.end().catch(() => {});
  });
});
