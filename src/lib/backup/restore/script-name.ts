import { qualifiedName, quoteIdentifier } from '../../platform/quote.ts';

/** A name as pg_dump writes it, for use inside a regular expression; the script is read as Latin-1, byte by byte. */
export const namePattern = String.raw`(?:"(?:[^"]|"")+"|[a-z_\x80-\xff][\w$\x80-\xff]*)`;

/** `schema.name`, as pg_dump writes it. */
export const qualifiedPattern = `${namePattern}\\.${namePattern}`;

const parts = new RegExp(`^(${namePattern})\\.(${namePattern})$`);

/**
 * The `qualifiedName` of what pg_dump calls by this text. Names outside ASCII come out right from UTF-8 only; from
 * other encodings they are at least always the same.
 */
export function nameInScript(text: string, encoding: string): string {
  const [, schema = '', name = ''] = parts.exec(text) ?? [];
  return qualifiedName(unquoted(schema, encoding), unquoted(name, encoding));
}

/** The same for a name without a schema, as `quoteIdentifier`. */
export function identifierInScript(text: string, encoding: string): string {
  return quoteIdentifier(unquoted(text, encoding));
}

function unquoted(text: string, encoding: string): string {
  const bare = text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
  return encoding === 'UTF8' || encoding === 'SQL_ASCII' ? Buffer.from(bare, 'latin1').toString() : bare;
}

/** A statement without the comments in front of it. */
export function withoutComments(statement: Buffer): string {
  return statement.toString('latin1').replace(/^(?:\s+|--[^\n]*(?:\n|$))*/, '');
}
