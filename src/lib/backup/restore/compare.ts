import { integrityError } from '../../base/error.ts';
import { withConnection } from '../../base/postgres.ts';
import type { Plan } from '../../operation/plan.ts';
import { qualifiedName } from '../../platform/quote.ts';
import { sumLargeObjects } from '../capture/large-objects.ts';
import { fileName } from '../format/layout.ts';
import type { Manifest } from '../format/manifest.ts';
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
  /** `not compared`: the pg_dump that wrote the schema is not here, or the server is of another major version. */
  readonly schema: 'equal' | 'not compared';
  readonly schemaReason: string | null;
}

/** Opens a script of the set. */
export type ReadScript = (name: string) => Promise<Buffer>;

/**
 * Reads the restored database back: each table's rows and checksum, the large objects, the text of the schema.
 * @throws {PosternError} exit 5, `restore-differs`, naming what differs
 */
export async function compareRestored(
  context: RestoreContext,
  plan: Plan,
  manifest: Manifest,
  readScript: ReadScript,
): Promise<Comparison> {
  const url = closedDatabaseUrl(context, plan, manifest);
  const differing = await differingTables(context, url, manifest);
  const objects = await inClosedDatabase(context, plan, manifest, sumLargeObjects);
  if (!isSame(objects, manifest.largeObjects))
    differing.push(
      `large objects: ${objects.rows}, not ${manifest.largeObjects.rows}, or with other contents`,
    );
  const schema = await compareSchema(context, url, manifest, readScript);
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
    tables: manifest.tables.map(({ schema, name, rows, checksum }) => ({
      table: qualifiedName(schema, name),
      rows,
      checksum,
    })),
    rows: manifest.tables.reduce((sum, { rows }) => sum + rows, 0),
    largeObjects: objects.rows,
    schema: schema.schema === 'equal' ? 'equal' : 'not compared',
    schemaReason: schema.schema === 'not compared' ? schema.reason : null,
  };
}

async function differingTables(context: RestoreContext, url: string, manifest: Manifest): Promise<string[]> {
  const differing: string[] = [];
  const step = context.progress.step(`comparing ${manifest.tables.length} tables`, { unit: 'bytes' });
  const pool = await openWorkerPool(
    Math.max(1, Math.min(context.workers, manifest.tables.length)),
    { database: { url, encoding: manifest.source.encoding, writes: false } },
    context.signal,
  );
  try {
    await Promise.all(
      manifest.tables.map(async ({ schema, name, columns, condition, rows, checksum }) => {
        const table = { schema, name, columns, ...(condition === undefined ? {} : { condition }) };
        const sum = await pool.run('sum', { table }, { onProgress: (bytes) => step.advance(bytes) });
        if (!isSame(sum, { rows, checksum }))
          differing.push(
            `${schema}.${name}: ${sum.rows} rows, checksum ${sum.checksum}; the backup has ${rows}, ${checksum}`,
          );
      }),
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
  manifest: Manifest,
  readScript: ReadScript,
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
  if (Math.floor(serverVersion / 10_000) !== Math.floor(manifest.source.serverVersionNum / 10_000)) {
    return {
      schema: 'not compared',
      reason: 'the server is of another major version, and pg_dump writes for the one it reads',
    };
  }
  const dumper = await sameDumper(context, serverVersion, manifest);
  if (dumper === undefined) {
    return {
      schema: 'not compared',
      reason: `pg_dump ${manifest.schemaDump.version} (${manifest.schemaDump.kind}), which wrote the schema, is not here`,
    };
  }
  for (const [section, name] of [
    ['pre-data', fileName.preData],
    ['post-data', fileName.postData],
  ] as const) {
    const dump = await dumpSchema(dumper, {
      url,
      sections: section,
      encoding: manifest.source.encoding,
      signal: context.signal,
    });
    // Not byte by byte: PostgreSQL prints a few expressions in another way once they were dumped and read again.
    const isEqual = comparableSchema(dump).equals(comparableSchema(await readScript(name)));
    if (!isEqual) return { schema: 'different', section };
  }
  return { schema: 'equal' };
}

async function sameDumper(
  { pgDump }: RestoreContext,
  serverVersion: number,
  { schemaDump }: Manifest,
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
