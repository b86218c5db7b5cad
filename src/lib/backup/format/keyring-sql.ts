import { qualifiedName, quoteIdentifier } from '../../platform/quote.ts';
import { textFormatSettings } from './part-sql.ts';

/** A table's wrapped keys, and the columns that say whose each is. */
export interface KeyringTable {
  readonly schema: string;
  readonly name: string;
  readonly keyColumns: readonly string[];
  readonly columns: readonly string[];
}

const staging = 'pg_temp.postern_keyring';

/** Reads the wrapped keys with the primary keys of their rows. */
export function keyringCopySql(table: KeyringTable, encoding: string): string {
  return `COPY (SELECT ${columnList(table)} FROM ONLY ${qualifiedName(table.schema, table.name)}) TO STDOUT WITH (ENCODING '${encoding}')`;
}

/**
 * What stands around the rows of a keyring's part: together they are a script for stock psql, to be run in one
 * transaction after the rows of all tables. A row that the table does not have is passed over.
 */
export function keyringScript(table: KeyringTable, encoding: string): { header: Buffer; trailer: Buffer } {
  const { before, copy, after } = keyringStatements(table, encoding);
  const lines = [...textFormatSettings, ...before, copy];
  return {
    header: Buffer.from(`${lines.join(';\n')};\n`),
    trailer: Buffer.from(`\\.\n${after.join(';\n')};\n`),
  };
}

/** The same, statement by statement. */
export function keyringStatements(
  table: KeyringTable,
  encoding: string,
): { readonly before: readonly string[]; readonly copy: string; readonly after: readonly string[] } {
  const target = qualifiedName(table.schema, table.name);
  const set = table.columns.map(quoteIdentifier).map((column) => `${column} = k.${column}`);
  const match = table.keyColumns.map(quoteIdentifier).map((column) => `t.${column} = k.${column}`);
  return {
    before: [
      `CREATE TEMPORARY TABLE postern_keyring AS SELECT ${columnList(table)} FROM ONLY ${target} WITH NO DATA`,
    ],
    copy: `COPY ${staging} (${columnList(table)}) FROM stdin WITH (ENCODING '${encoding}')`,
    after: [
      `UPDATE ONLY ${target} t SET ${set.join(', ')} FROM ${staging} k WHERE ${match.join(' AND ')}`,
      `DROP TABLE ${staging}`,
    ],
  };
}

function columnList({ keyColumns, columns }: KeyringTable): string {
  return [...keyColumns, ...columns].map(quoteIdentifier).join(', ');
}
