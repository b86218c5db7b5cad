import { failure } from '../../base/error.ts';
import { findPgDumps, inspectPgDump, type NativePgDump } from './find-pg-dump.ts';
import { wasmPgDumpVersion } from './wasm-pg-dump.ts';

/** The pg_dump that reads the schema: a program of this machine, or the built-in WebAssembly one. */
export type SchemaDumper =
  | ({ readonly kind: 'native' } & NativePgDump)
  | { readonly kind: 'wasm'; readonly version: string; readonly major: number };

export interface SchemaDumperChoice {
  /** The server's `server_version_num`: 150018 is 15.18. */
  readonly serverVersion: number;
  /** The only native pg_dump to consider; those that are found unless given. */
  readonly nativePath?: string;
  /** `auto` takes a native one that fits, else the built-in one. */
  readonly prefer?: 'native' | 'wasm' | 'auto';
}

/**
 * A pg_dump reads servers of its own major version and of older ones. Of several native ones the oldest that will do
 * is taken, because a newer one may write what the server's own version cannot restore.
 * @throws {PosternError} exit 1 with `code` `pg-dump-too-old`, `pg-dump-missing` or `wasm-pg-dump-broken`
 */
export async function chooseSchemaDumper(choice: SchemaDumperChoice): Promise<SchemaDumper> {
  const { serverVersion, prefer = 'auto' } = choice;
  const serverMajor = Math.floor(serverVersion / 10_000);
  const natives = prefer === 'wasm' ? [] : await candidates(choice.nativePath);
  const [native] = natives.filter(({ major }) => major >= serverMajor).sort((a, b) => a.major - b.major);
  if (native !== undefined) return { kind: 'native', ...native };
  if (prefer === 'native') throw tooOld(serverMajor, natives.map(describe));
  const version = await wasmPgDumpVersion();
  const major = Number.parseInt(version, 10);
  if (major < serverMajor) throw tooOld(serverMajor, [...natives.map(describe), `${version} (built in)`]);
  return { kind: 'wasm', version, major };
}

async function candidates(nativePath: string | undefined): Promise<readonly NativePgDump[]> {
  if (nativePath === undefined) return findPgDumps();
  const native = await inspectPgDump(nativePath);
  if (native !== undefined) return [native];
  throw failure(`${nativePath} is not a pg_dump that runs here`, {
    code: 'pg-dump-missing',
    hints: ['check the configured path, or leave it out to use whichever pg_dump fits'],
  });
}

function describe({ version, path }: NativePgDump): string {
  return `${version} (${path})`;
}

function tooOld(serverMajor: number, versions: readonly string[]) {
  const found = versions.length === 0 ? 'none was found' : `found ${versions.join(', ')}`;
  return failure(
    `the server is PostgreSQL ${serverMajor} and needs a pg_dump of at least that version: ${found}`,
    {
      code: 'pg-dump-too-old',
      hints: [
        `install pg_dump ${serverMajor} (Debian: postgresql-client-${serverMajor} from apt.postgresql.org; macOS: libpq)`,
      ],
    },
  );
}
