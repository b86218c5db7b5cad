import { integrityError } from '../../base/error.ts';
import { withConnection } from '../../base/postgres.ts';
import type { Plan } from '../../operation/plan.ts';
import { qualifiedName } from '../../platform/quote.ts';
import { sumLargeObjects } from '../capture/large-objects.ts';
import type { ManifestSource } from '../format/manifest.ts';
import type { TableSum } from '../format/row-checksum.ts';
import { chooseSchemaDumper, comparableSchema, dumpSchema, type SchemaDumper } from '../schema-dump/index.ts';
import { openWorkerPool } from '../worker/pool.ts';
import { closedDatabaseUrl, inClosedDatabase } from './closed-database.ts';
import type { RestoreContext } from './context.ts';
import { workingName } from './marks.ts';

/** A restored database against the manifest of its set. */
export interface Comparison {
  /** Every table, as it was read back; equal to the manifest's. */
  readonly tables: readonly { readonly table: string; readonly rows: number; readonly checksum: string }[];
  readonly rows: number;
  readonly largeObjects: number;
  /** Rows whose wrapped keys were compared too; null where they came from a younger keyring, which differs. */
  readonly wrappedKeys: number | null;
  /** `not compared`: the pg_dump that wrote the schema is not here, or the server is of another major version. */
  readonly schema: 'equal' | 'not compared';
  readonly schemaReason: string | null;
}

export interface CompareOptions {
  /** Opens a script of the set. */
  readonly readScript: (kind: 'pre-data' | 'post-data') => Promise<Buffer>;
  /** Whose keyring the wrapped keys came from. */
  readonly keyring: 'own' | 'younger';
}

/**
 * Reads the restored database back: each table's rows and checksum, the large objects, the text of the schema.
 * @throws {PosternError} exit 5, `restore-differs`, naming what differs
 */
export async function compareRestored(
  context: RestoreContext,
  plan: Plan,
  source: ManifestSource,
  { readScript, keyring }: CompareOptions,
): Promise<Comparison> {
  const url = closedDatabaseUrl(context, plan, source);
  const differing = await differingTables(context, url, source, keyring);
  const objects = await inClosedDatabase(context, plan, source, sumLargeObjects);
  if (!isSame(objects, source.largeObjects))
    differing.push(`large objects: ${objects.rows}, not ${source.largeObjects.rows}, or with other contents`);
  const schema = await compareSchema(context, url, source, readScript);
  if (schema.schema === 'different') differing.push(`the schema's ${schema.section} section`);
  if (differing.length > 0) {
    const named = differing.slice(0, 5).join('; ');
    throw integrityError(
      `the restored database is not what was backed up: ${named}${differing.length > 5 ? `; and ${differing.length - 5} more` : ''}`,
      {
        code: 'restore-differs',
        hints: [`it stays closed, under the name ${workingName(plan)}`],
      },
    );
  }
  return {
    tables: source.tables.map(({ schema, name, rows, checksum }) => ({
      table: qualifiedName(schema, name),
      rows,
      checksum,
    })),
    rows: source.tables.reduce((sum, { rows }) => sum + rows, 0),
    largeObjects: objects.rows,
    wrappedKeys: keyring === 'own' ? source.keyring.reduce((sum, { rows }) => sum + rows, 0) : null,
    schema: schema.schema === 'equal' ? 'equal' : 'not compared',
    schemaReason: schema.schema === 'not compared' ? schema.reason : null,
  };
}

async function differingTables(
  context: RestoreContext,
  url: string,
  source: ManifestSource,
  keyring: CompareOptions['keyring'],
): Promise<string[]> {
  const differing: string[] = [];
  const compare = (name: string, found: TableSum, expected: TableSum): void => {
    if (isSame(found, expected)) return;
    differing.push(
      `${name}: ${found.rows} rows, checksum ${found.checksum}; the backup has ${expected.rows}, ${expected.checksum}`,
    );
  };
  const step = context.progress.step(`comparing ${source.tables.length} tables`, { unit: 'bytes' });
  const pool = await openWorkerPool(
    Math.max(1, Math.min(context.workers, source.tables.length)),
    { database: { url, encoding: source.encoding, writes: false } },
    context.signal,
  );
  try {
    await Promise.all(
      source.tables.map(async (table) => {
        const sum = await pool.run('sum', { table }, { onProgress: (bytes) => step.advance(bytes) });
        compare(`${table.schema}.${table.name}`, sum, table);
      }),
    );
    for (const table of keyring === 'own' ? source.keyring : [])
      compare(
        `the wrapped keys of ${table.schema}.${table.name}`,
        await pool.run('sum-keyring', { table }),
        table,
      );
  } finally {
    await pool.close();
  }
  step.done();
  return differing;
}

type SchemaComparison =
  | { readonly schema: 'equal' }
  | { readonly schema: 'different'; readonly section: string }
  | { readonly schema: 'not compared'; readonly reason: string };

async function compareSchema(
  context: RestoreContext,
  url: string,
  source: ManifestSource,
  readScript: CompareOptions['readScript'],
): Promise<SchemaComparison> {
  const serverVersion = await withConnection(
    { url, role: 'restored database', database: 'foreign' },
    async (client) => {
      const { rows } = await client.query<{ version: number }>(
        `select pg_catalog.current_setting('server_version_num')::int as version`,
      );
      return rows[0]?.version ?? 0;
    },
  );
  if (Math.floor(serverVersion / 10_000) !== Math.floor(source.serverVersionNum / 10_000)) {
    return {
      schema: 'not compared',
      reason: 'the server is of another major version, and pg_dump writes for the one it reads',
    };
  }
  const dumper = await sameDumper(context, serverVersion, source);
  if (dumper === undefined) {
    return {
      schema: 'not compared',
      reason: `pg_dump ${source.schemaDump.version} (${source.schemaDump.kind}), which wrote the schema, is not here`,
    };
  }
  for (const section of ['pre-data', 'post-data'] as const) {
    const dump = await dumpSchema(dumper, {
      url,
      sections: section,
      encoding: source.encoding,
      signal: context.signal,
    });
    // Not byte by byte: PostgreSQL prints a few expressions in another way once they were dumped and read again.
    const isEqual = comparableSchema(dump).equals(comparableSchema(await readScript(section)));
    if (!isEqual) return { schema: 'different', section };
  }
  return { schema: 'equal' };
}

async function sameDumper(
  { pgDump }: RestoreContext,
  serverVersion: number,
  { schemaDump }: ManifestSource,
): Promise<SchemaDumper | undefined> {
  const chosen = await chooseSchemaDumper({
    serverVersion,
    prefer: schemaDump.kind === 'wasm' ? 'wasm' : 'auto',
    ...(pgDump === undefined ? {} : { nativePath: pgDump }),
  });
  return chosen.kind === schemaDump.kind && chosen.version === schemaDump.version ? chosen : undefined;
}

function isSame(a: TableSum, b: TableSum): boolean {
  return a.rows === b.rows && a.checksum === b.checksum;
}
