import type { CopyableTable } from '../../platform/catalog/index.ts';
import type { BackupContext, DatabaseSource } from '../context.ts';
import { defaultLockTimeout } from '../database-failure.ts';
import type { KeyringTable } from '../format/keyring-sql.ts';
import { dataPartName, keyringPartName } from '../format/layout.ts';
import type { ManifestKeyring, ManifestTable } from '../format/manifest.ts';
import type { CopiedTable } from '../format/part-sql.ts';
import { addSums, type TableSum } from '../format/row-checksum.ts';
import { openWorkerPool, type WorkerPool } from '../worker/pool.ts';
import { sealedFile, sealSettings } from '../worker/sealed-file.ts';
import { copyTasks, rangeBytes } from './copy-task.ts';
import type { HeldSnapshot } from './hold-snapshot.ts';
import { keyringTables } from './keyring.ts';
import type { SetWriter } from './set-writer.ts';

export interface CopiedRows {
  /** In the catalog's order, each with its rows and checksum as of the snapshot. */
  readonly tables: readonly ManifestTable[];
  readonly keyring: readonly ManifestKeyring[];
}

/** Copies all rows, several tables (or ranges of one) at a time, and the wrapped keys apart from them. */
export async function copyTables(
  context: BackupContext,
  source: DatabaseSource,
  snapshot: HeldSnapshot,
  writer: SetWriter,
): Promise<CopiedRows> {
  const { options, progress, signal } = context;
  const { tables, catalog } = snapshot;
  const keyrings = keyringTables(source, catalog, tables);
  const tasks = copyTasks(
    tables,
    catalog.server.versionNumber,
    options.rangeBytes ?? rangeBytes(tables, options.workers),
  );
  const sums: TableSum[][] = tables.map(() => []);
  const step = progress.step(`copying ${tables.length} tables of ${source.name}`, {
    total: tables.reduce((sum, { bytes }) => sum + bytes, 0),
    unit: 'bytes',
  });
  const pool = await openWorkerPool(
    Math.max(1, Math.min(options.workers, tasks.length)),
    {
      database: {
        url: source.url,
        encoding: catalog.database.encoding,
        snapshot: snapshot.id,
        lockTimeout: options.lockTimeout ?? defaultLockTimeout,
        writes: false,
      },
      seal: sealSettings(context),
    },
    signal,
  );
  const copiedTable = (table: CopyableTable): CopiedTable => {
    const zeroed = keyrings.get(table.oid)?.zeroed;
    return { ...withCondition(table), ...(zeroed === undefined ? {} : { zeroed }) };
  };
  const keyring: ManifestKeyring[] = [];
  try {
    for (const table of keyrings.values())
      keyring.push(await copyKeyring(pool, source, table, keyring.length, writer));
    await Promise.all(
      tasks.map(async ({ number, table, tableIndex, blocks }) => {
        const copied = copiedTable(table);
        const sum = await pool.run(
          'seal',
          { table: copied, ...(blocks === undefined ? {} : { blocks }) },
          {
            onProgress: (bytes) => step.advance(bytes),
            onPart: async ({ part, headerBytes, rows, ...sealed }) =>
              writer.put(sealedFile(sealed), {
                name: dataPartName(source.name, number, part),
                kind: 'table-data',
                source: source.name,
                table: tableIndex,
                rows,
                headerBytes,
                ...(blocks === undefined ? {} : { blocks: [blocks[0], blocks[1]] }),
              }),
          },
        );
        sums[tableIndex]?.push(sum);
      }),
    );
  } finally {
    await pool.close();
  }
  step.done();
  return {
    keyring,
    tables: tables.map((table, index) => {
      const { rows, checksum } = addSums(sums[index] ?? []);
      const { condition, zeroed, ...copied } = copiedTable(table);
      return {
        ...copied,
        columns: [...copied.columns],
        ...(condition === undefined ? {} : { condition }),
        ...(zeroed === undefined ? {} : { zeroed: [...zeroed] }),
        rows,
        checksum,
      };
    }),
  };
}

/** Reads a table's wrapped keys into parts of their own. */
async function copyKeyring(
  pool: WorkerPool,
  source: DatabaseSource,
  { schema, name, keyColumns, columns }: KeyringTable,
  index: number,
  writer: SetWriter,
): Promise<ManifestKeyring> {
  const table = { schema, name, keyColumns: [...keyColumns], columns: [...columns] };
  const sum = await pool.run(
    'seal-keyring',
    { table },
    {
      onPart: async ({ part, headerBytes, trailerBytes, rows, ...sealed }) =>
        writer.putKeyring(sealedFile(sealed), {
          name: keyringPartName(writer.setId, source.name, index + 1, part),
          kind: 'keyring',
          source: source.name,
          table: index,
          rows,
          headerBytes,
          trailerBytes,
        }),
    },
  );
  return { ...table, rows: sum.rows, checksum: sum.checksum };
}

function withCondition({ schema, name, columns, extensionCondition }: CopyableTable): CopiedTable {
  return {
    schema,
    name,
    columns,
    ...(extensionCondition === undefined ? {} : { condition: extensionCondition }),
  };
}
