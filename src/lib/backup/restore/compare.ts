import { counted } from '../../base/counted.ts';
import { integrityError } from '../../base/error.ts';
import { qualifiedName } from '../../platform/quote.ts';
import { sumLargeObjects } from '../capture/large-objects.ts';
import type { ManifestKeyring, ManifestTable } from '../format/manifest.ts';
import type { TableSum } from '../format/row-checksum.ts';
import { openWorkerPool } from '../worker/pool.ts';
import { closedDatabaseUrl, inClosedDatabase } from './closed-database.ts';
import { compareSchema } from './compare-schema.ts';
import type { RestoreContext } from './context.ts';
import { isLoaded, loadedTables, type RestoreWork } from './work.ts';

/** A restored database against the manifest of its set. */
export interface Comparison {
  /** Every table that was loaded, as it was read back; equal to the manifest's. */
  readonly tables: readonly { readonly table: string; readonly rows: number; readonly checksum: string }[];
  readonly rows: number;
  /** Null where only some tables were loaded. */
  readonly largeObjects: number | null;
  /** Rows whose wrapped keys were compared too; null where they came from a younger keyring, which differs. */
  readonly wrappedKeys: number | null;
  /** `not compared`: the pg_dump that wrote the schema is not here, or the server is of another major version. */
  readonly schema: 'equal' | 'not compared';
  readonly schemaReason: string | null;
}

/**
 * Reads the restored database back: each table's rows and checksum, the large objects, the text of the schema.
 * @throws {PosternError} exit 5, `restore-differs`, naming what differs
 */
export async function compareRestored(context: RestoreContext, work: RestoreWork): Promise<Comparison> {
  const { source } = work;
  const isOwnKeyring = work.keyring?.setId === work.set.setId;
  const keyring = isOwnKeyring ? source.keyring.filter((table) => isLoaded(work, table)) : [];
  const tables = loadedTables(work);
  const differing = await differingTables(context, work, { tables, keyring });
  const objects =
    work.chosen === undefined ? await inClosedDatabase(context, work, sumLargeObjects) : undefined;
  if (objects !== undefined && !isSame(objects, source.largeObjects))
    differing.push(`large objects: ${objects.rows}, not ${source.largeObjects.rows}, or with other contents`);
  const schema = await compareSchema(context, work);
  if (schema.schema === 'different') differing.push(`the schema's ${schema.section} section`);
  if (differing.length > 0) {
    const named = differing.slice(0, 5).join('; ');
    throw integrityError(
      `the restored database is not what was backed up: ${named}${differing.length > 5 ? `; and ${differing.length - 5} more` : ''}`,
      {
        code: 'restore-differs',
        hints: [`it stays closed, under the name ${work.workingName}`],
      },
    );
  }
  return {
    tables: tables.map(({ schema, name, rows, checksum }) => ({
      table: qualifiedName(schema, name),
      rows,
      checksum,
    })),
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    largeObjects: objects?.rows ?? null,
    wrappedKeys: isOwnKeyring ? keyring.reduce((sum, { rows }) => sum + rows, 0) : null,
    schema: schema.schema === 'equal' ? 'equal' : 'not compared',
    schemaReason: schema.schema === 'not compared' ? schema.reason : null,
  };
}

async function differingTables(
  context: RestoreContext,
  work: RestoreWork,
  {
    tables,
    keyring,
  }: { readonly tables: readonly ManifestTable[]; readonly keyring: readonly ManifestKeyring[] },
): Promise<string[]> {
  const differing: string[] = [];
  const compare = (name: string, found: TableSum, expected: TableSum): void => {
    if (isSame(found, expected)) return;
    differing.push(
      `${name}: ${counted(found.rows, 'row')}, checksum ${found.checksum}; the backup has ${expected.rows}, ${expected.checksum}`,
    );
  };
  const step = context.progress.step(`comparing ${counted(tables.length, 'table')}`, { unit: 'bytes' });
  const pool = await openWorkerPool(
    Math.max(1, Math.min(context.workers, tables.length)),
    {
      database: { url: closedDatabaseUrl(context, work), encoding: work.source.encoding, writes: false },
    },
    context.signal,
  );
  try {
    await Promise.all(
      tables.map(async (table) => {
        const sum = await pool.run('sum', { table }, { onProgress: (bytes) => step.advance(bytes) });
        compare(`${table.schema}.${table.name}`, sum, table);
      }),
    );
    for (const table of keyring)
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

function isSame(a: TableSum, b: TableSum): boolean {
  return a.rows === b.rows && a.checksum === b.checksum;
}
