import type { SchemaDumper } from './choose-schema-dumper.ts';
import { dumpError, dumpWarnings } from './dump-error.ts';
import { runNativePgDump } from './native-pg-dump.ts';
import { normaliseDump } from './normalise-dump.ts';
import { pgDumpArguments, type SchemaSection } from './pg-dump-arguments.ts';
import type { PgDumpResult, PgDumpRun } from './run-pg-dump.ts';
import { runWasmPgDump } from './wasm-pg-dump.ts';

export interface SchemaDumpOptions {
  readonly url: string;
  /** A snapshot that a holder session exports; a snapshot of its own unless given. */
  readonly snapshot?: string;
  readonly sections: SchemaSection;
  /** PostgreSQL's name of the server encoding (`SHOW server_encoding`): the dump is in it. */
  readonly encoding: string;
  /** Milliseconds to wait for a table that somebody has locked exclusively; one minute unless told. */
  readonly lockWaitTimeout?: number;
  readonly signal?: AbortSignal;
  /** Told of what pg_dump could not include, such as subscriptions when the role is no superuser. */
  readonly onWarning?: (warning: string) => void;
}

/**
 * One section of a database's schema as SQL that needs no psql; without rows, sequence values and large objects, and
 * without what belongs to the cluster or to the database itself (roles, ALTER DATABASE). Bytes, because an SQL_ASCII
 * database may hold any. Two dumps of the same schema by the same pg_dump are equal.
 * @throws {PosternError} exit 1 with `code` `schema-dump-failed`, `schema-dump-privilege`, `schema-dump-lock-timeout`,
 *   `snapshot-lost`, `pg-dump-too-old`, or as `connect`; the signal's reason when it is aborted
 */
export async function dumpSchema(dumper: SchemaDumper, options: SchemaDumpOptions): Promise<Buffer> {
  const { url, signal, sections, snapshot, encoding, lockWaitTimeout = 60_000, onWarning } = options;
  const args = pgDumpArguments(dumper.major, { section: sections, snapshot, encoding, lockWaitTimeout });
  const { exitCode, output, messages } = await run(dumper, { url, args, signal });
  if (exitCode !== 0) throw dumpError(messages, exitCode);
  for (const warning of dumpWarnings(messages)) onWarning?.(warning);
  return normaliseDump(output);
}

function run(dumper: SchemaDumper, options: PgDumpRun): Promise<PgDumpResult> {
  return dumper.kind === 'native' ? runNativePgDump(dumper.path, options) : runWasmPgDump(options);
}
