import { columnMagic } from '../../crypto/column-value.ts';

const hex = (bytes: Uint8Array): string => `'\\x${Buffer.from(bytes).toString('hex')}'::bytea`;

/** SQL: whether a bytea expression begins as an encrypted value does. */
export const hasMagic = (value: string): string => `pg_catalog.substr(${value}, 1, 4) = ${hex(columnMagic)}`;

/**
 * SQL: what a value is without decrypting it: `plain` (not encrypted), `truncated`, `version` (of a later format) or
 * `keyed`. The same order of checks as `readColumnValue`, which a test compares it with.
 */
export const formatOfValue = (value: string): string => `case
  when not (${hasMagic(value)}) then 'plain'
  when pg_catalog.octet_length(${value}) < 6 then 'truncated'
  when pg_catalog.substr(${value}, 5, 2) <> '\\x0101'::bytea then 'version'
  when pg_catalog.octet_length(${value}) < 102 then 'truncated'
  else 'keyed' end`;

/** SQL: the id of the key that a `keyed` value names, a uuid. */
export const keyIdOfValue = (value: string): string =>
  `pg_catalog.encode(pg_catalog.substr(${value}, 7, 16), 'hex')::uuid`;
