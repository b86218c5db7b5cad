import { usageError } from '../base/error.ts';

/**
 * A name as SQL wants it, always in double quotes, so that no reserved word, capital or dot can change its meaning.
 * @throws {PosternError} exit 2 for an empty name or one with a NUL, which PostgreSQL cannot have
 */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0')) {
    throw usageError(`${JSON.stringify(name)} cannot be the name of anything in PostgreSQL`, {
      code: 'name-invalid',
    });
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"schema"."name"`. Errors as `quoteIdentifier`. */
export function qualifiedName(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/**
 * A text as an SQL literal, whatever standard_conforming_strings says.
 * @throws {PosternError} exit 2 for a NUL
 */
export function quoteLiteral(text: string): string {
  if (text.includes('\0'))
    throw usageError('PostgreSQL has no text with a NUL in it', { code: 'text-invalid' });
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? `E${quoted}` : quoted;
}

/** `array['a', 'b']::text[]`. Errors as `quoteLiteral`. */
export function quoteTextArray(texts: readonly string[]): string {
  return `array[${texts.map(quoteLiteral).join(', ')}]::text[]`;
}
