import { describe, expect, test } from 'vitest';
import { comparableSchema } from '../../src/lib/backup/schema-dump/index.ts';
import { normaliseDump } from '../../src/lib/backup/schema-dump/normalise-dump.ts';

describe('normaliseDump', () => {
  const dump = (version: string, body: string) =>
    Buffer.from(
      `--\n-- PostgreSQL database dump\n--\n\n\\restrict x${version}\n\n-- Dumped from database version ${version}\n-- Dumped by pg_dump version 18.3\n\nSET statement_timeout = 0;\nSET transaction_timeout = 0;\nSET client_encoding = 'UTF8';\n\n${body}\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict x${version}\n\n`,
      'latin1',
    );

  test('drops what differs from run to run, and keeps every other byte', () => {
    const body =
      "COMMENT ON TABLE a IS '\xe9\n\\restrict x\n-- Dumped by pg_dump version 1\nSET transaction_timeout = 0;\n\\unrestrict x\n';\n";
    expect(normaliseDump(dump('18.4', body)).toString('latin1')).toBe(
      `--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\nSET transaction_timeout = 0;\nSET client_encoding = 'UTF8';\n\n${body}\n--\n-- PostgreSQL database dump complete\n--\n\n`,
    );
  });

  test('drops a setting that the server does not know', () => {
    expect(normaliseDump(dump('16.1', '')).includes('transaction_timeout')).toBe(false);
  });
});

describe('comparableSchema', () => {
  const comparable = (dump: string) => comparableSchema(Buffer.from(dump)).toString();

  test('evens out what PostgreSQL prints in another way after a restore', () => {
    expect(
      comparable(
        `CHECK (((a)::text = ANY ((ARRAY['x, '']'::character varying, 'y'::character varying])::text[])))`,
      ),
    ).toBe(
      `CHECK (((a)::text = ANY (ARRAY[('x, '']'::character varying)::text, ('y'::character varying)::text])))`,
    );
    expect(comparable('SELECT f.a AS a,\n f."B" AS "B"')).toBe('SELECT f.a,\n f."B"');
    const child = (columns: string) => `CREATE TABLE c (\n${columns}\n)\nINHERITS (p);\n`;
    expect(comparable(child('    b integer,\n    a text'))).toBe(
      comparable(child('    a text,\n    b integer')),
    );
  });

  test('keeps real differences', () => {
    for (const [one, other] of [
      [`(ARRAY['x'::character varying])::text[]`, `ARRAY[('y'::character varying)::text]`],
      ['SELECT f.a AS ab', 'SELECT f.a'],
      ['CREATE TABLE c (\n    a text,\n    b text\n);\n', 'CREATE TABLE c (\n    b text,\n    a text\n);\n'],
    ] as const) {
      expect(comparable(one)).not.toBe(comparable(other));
    }
  });
});
