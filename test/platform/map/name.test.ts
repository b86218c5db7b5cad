import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closest } from '../../../src/lib/base/closest.ts';
import {
  canonicalName,
  formatName,
  parseColumnName,
  parseName,
  parseObjectKey,
} from '../../../src/lib/platform/map/index.ts';
import { sameType } from '../../../src/lib/platform/map/lint/type-name.ts';

describe('names in the data map', () => {
  it('come back from their text exactly as they were', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }), (parts) => {
        expect(parseName(formatName(...parts))).toEqual(parts);
      }),
    );
  });

  it.each(['', 'a.', '.a', 'a..b', 'a. b', '"a', 'a"b.c', '""'])('are not %j', (text) => {
    expect(parseName(text)).toBeUndefined();
  });

  it('have one spelling for one meaning, and keep their case', () => {
    expect(canonicalName('"public"."Messages"')).toBe('public.Messages');
    expect(canonicalName('"my.schema"."a ""b"""')).toBe('"my.schema"."a ""b"""');
    expect(parseColumnName('"my.schema".t."c.d"')).toEqual({ table: '"my.schema".t', column: 'c.d' });
    expect(parseColumnName('a.b')).toBeUndefined();
    expect(parseColumnName('a.b.c.d')).toBeUndefined();
  });
});

describe('object key templates', () => {
  it('come apart into text and columns', () => {
    expect(parseObjectKey('{tenant_id}/a{{1}}/{id}.eml')).toEqual([
      { column: 'tenant_id' },
      { text: '/a' },
      { text: '{' },
      { text: '1' },
      { text: '}' },
      { text: '/' },
      { column: 'id' },
      { text: '.eml' },
    ]);
  });

  it.each(['{a', 'a}', '{}', '{a{b}', '{{a}', '{a}}'])('are not %j', (template) => {
    expect(parseObjectKey(template)).toBeUndefined();
  });

  it('never hang or throw', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('{', '}', 'a', '/') }),
        (text) => void parseObjectKey(text),
      ),
    );
  });
});

describe('the comparison of types', () => {
  it.each([
    ['timestamptz', 'timestamp with time zone'],
    ['timestamptz(3)', 'timestamp(3) with time zone'],
    ['timestamptz', 'timestamp(3) with time zone'],
    ['varchar(40)[]', 'character varying(40)[]'],
    ['INT8', 'bigint'],
    ['numeric(10, 2)', 'numeric(10,2)'],
    ['text [ ]', 'text[]'],
    ['mail."Email"', 'mail."Email"'],
  ])('takes %s for %s', (mapped, actual) => {
    expect(sameType(mapped, actual)).toBe(true);
  });

  it.each([
    ['text', 'text[]'],
    ['varchar(41)', 'character varying(40)'],
    ['timestamp', 'timestamp with time zone'],
    ['json', 'jsonb'],
    ['mail."email"', 'mail."Email"'],
    ['numeric(10,2)', 'numeric'],
  ])('does not take %s for %s', (mapped, actual) => {
    expect(sameType(mapped, actual)).toBe(false);
  });
});

describe('the guess at a misspelt word', () => {
  it.each([
    ['primry_key', 'primary_key'],
    ['feilds', 'fields'],
    ['Tenant', 'tenant'],
    ['els', 'else'],
  ])('%s is %s', (word, meant) => {
    expect(closest(word, ['primary_key', 'fields', 'tenant', 'else', 'erase'])).toBe(meant);
  });

  it('is none where nothing is near', () => {
    expect(closest('colour', ['primary_key', 'fields', 'tenant'])).toBeUndefined();
    expect(closest('x'.repeat(100_000), ['fields'])).toBeUndefined();
  });
});
