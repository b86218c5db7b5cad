/** The types of fideslang, and what they may be in PostgreSQL; `[]` makes an array of any. */
const byBase: Readonly<Record<string, string>> = {
  smallint: 'integer',
  integer: 'integer',
  int: 'integer',
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  bigint: 'integer',
  serial: 'integer',
  bigserial: 'integer',
  real: 'float',
  float: 'float',
  float4: 'float',
  float8: 'float',
  'double precision': 'float',
  numeric: 'float',
  decimal: 'float',
  money: 'float',
  boolean: 'boolean',
  bool: 'boolean',
  json: 'object',
  jsonb: 'object',
};

const postgres: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'bigint',
  float: 'double precision',
  boolean: 'boolean',
  object: 'jsonb',
  object_id: 'text',
};

/** What fideslang calls a type of PostgreSQL; undefined for bytes, of which it knows nothing. */
export function fidesType(type: string): string | undefined {
  const isArray = /\[\s*\d*\s*\]\s*$/.test(type);
  const base = type
    .replaceAll(/\[[^\]]*\]/g, '')
    .replace(/\([^)]*\)/, '')
    .trim()
    .toLowerCase();
  if (base === 'bytea') return undefined;
  return `${byBase[base] ?? 'string'}${isArray ? '[]' : ''}`;
}

/** A type of PostgreSQL for one of fideslang, with the length that a string may have. */
export function postgresType(type: string | null | undefined, length: number | null | undefined): string {
  const [, base = 'string', array = ''] = /^([^[]*)(\[\])?/.exec(type ?? 'string') ?? [];
  const found = postgres[base] ?? 'text';
  const sized = found === 'text' && length !== null && length !== undefined ? `varchar(${length})` : found;
  // An array of objects is one document.
  return array === '' || found === 'jsonb' ? sized : `${sized}[]`;
}
