import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitStatements } from '../../src/lib/backup/split-statements.ts';

function split(script: string): readonly string[] {
  const bytes = Buffer.from(script);
  return splitStatements(bytes).map(({ start, end }) => bytes.toString('utf8', start, end).trim());
}

describe('splitStatements', () => {
  test('ends a statement at its semicolon, and the last one at the end', () => {
    expect(split('SELECT 1; SELECT 2;\nSELECT 3')).toEqual(['SELECT 1;', 'SELECT 2;', 'SELECT 3']);
  });

  test('finds no statement in comments and white space', () => {
    expect(split(' \n-- a; b\n/* c; /* d; */ e; */\n')).toEqual([]);
  });

  test.each([
    ['a literal', `SELECT 'a;''b;', '\\';`],
    ['a literal with escapes', `SELECT E'a\\';b', e'\\\\';`],
    ['a quoted name', `SELECT "a;""b;";`],
    ['a line comment', 'SELECT 1 -- a; b\n;'],
    ['a nested comment', 'SELECT /* a; /* b; */ c; */ 1;'],
    ['a dollar-quoted literal', 'SELECT $$a; $x$ b;$$, $Tag1$ ; $$ ; $Tag1$;'],
    ['a name that holds dollars', 'SELECT a$b$c; '],
    ['a parameter', 'SELECT $1;'],
    ['parentheses', 'CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT (2););'],
    ['a name of several bytes', 'SELECT "é;", ü$x$ FROM 語;'],
    [
      'an SQL function body',
      'CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END;',
    ],
    ['an SQL procedure body', 'CREATE PROCEDURE "p;"() BEGIN ATOMIC ; END;'],
    ['a function that is named begin', 'CREATE FUNCTION public.begin() RETURNS int RETURN 1;'],
    ['a transaction', 'BEGIN;'],
  ])('takes the semicolons of %s for its own', (_, statement) => {
    expect(split(`${statement} SELECT 'next';`)).toEqual([statement.trim(), `SELECT 'next';`]);
  });

  test('does not read a word that ends in e before a quote as an escape literal', () => {
    expect(split(`SELECT date'\\'; SELECT 2;`)).toEqual([`SELECT date'\\';`, 'SELECT 2;']);
  });

  test('ends an unfinished literal, comment or body at the end of the script', () => {
    for (const script of ["SELECT 'a;", 'SELECT "a;', 'SELECT $$a;', 'SELECT /* a;', "SELECT E'a;\\"]) {
      expect(split(script)).toEqual([script]);
    }
  });

  test('loses no byte and makes no empty statement of any script', () => {
    const quotes = ["'", '"', '$$', '$a$', "E'", '\\', '--', '/*', '*/', '\n'];
    const words = ['CREATE FUNCTION f()', 'BEGIN ATOMIC', 'CASE', 'END', ';', '(', ')', 'a', ' ', 'é', '1'];
    const piece = fc.constantFrom(...quotes, ...words);
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const script = Buffer.from(pieces.join(''));
        let end = 0;
        for (const statement of splitStatements(script)) {
          expect(statement.start).toBeGreaterThanOrEqual(end);
          expect(statement.end).toBeGreaterThan(statement.start);
          end = statement.end;
        }
        expect(end).toBeLessThanOrEqual(script.length);
      }),
    );
  });

  test('splits simple statements as they were joined', () => {
    const literal = fc.string().map((text) => `'${text.replaceAll("'", "''")}'`);
    const name = fc.string({ minLength: 1 }).map((text) => `"${text.replaceAll('"', '""')}"`);
    const statement = fc
      .tuple(fc.array(fc.oneof(literal, name)), fc.nat(9))
      .map(([parts, n]) => `SELECT ${n} ${parts.join(' ')};`);
    fc.assert(
      fc.property(fc.array(statement), (statements) => {
        expect(split(statements.join('\n'))).toEqual(statements);
      }),
    );
  });
});
