import type { CopyableTable } from '../../platform/catalog/index.ts';
import type { BackupContext } from '../context.ts';
import { defaultLockTimeout } from '../database-failure.ts';
import { dataPartName } from '../format/layout.ts';
import type { ManifestTable } from '../format/manifest.ts';
import type { CopiedTable } from '../format/part-sql.ts';
import { addSums, type TableSum } from '../format/row-checksum.ts';
import { openWorkerPool } from '../worker/pool.ts';
import { copyTasks, rangeBytes } from './copy-task.ts';
import type { HeldSnapshot } from './hold-snapshot.ts';
import type { SetWriter } from './set-writer.ts';

/**
 * Copies all rows, several tables (or ranges of one) at a time.
 * @returns the tables in the catalog's order, each with its rows and checksum as of the snapshot
 */
export async function copyTables(
  context: BackupContext,
  snapshot: HeldSnapshot,
  writer: SetWriter,
): Promise<readonly ManifestTable[]> {
  const { options, recipients, progress, signal } = context;
  const { tables, catalog } = snapshot;
  const tasks = copyTasks(
    tables,
    catalog.server.versionNumber,
    options.rangeBytes ?? rangeBytes(tables, options.workers),
  );
  const sums: TableSum[][] = tables.map(() => []);
  const step = progress.step(`copying ${tables.length} tables`, {
    total: tables.reduce((sum, { bytes }) => sum + bytes, 0),
    unit: 'bytes',
  });
  const pool = await openWorkerPool(
    Math.max(1, Math.min(options.workers, tasks.length)),
    {
      database: {
        url: context.platformUrl,
        encoding: catalog.database.encoding,
        snapshot: snapshot.id,
        lockTimeout: options.lockTimeout ?? defaultLockTimeout,
        writes: false,
      },
      seal: {
        recipients: recipients.map(({ armored }) => armored),
        checkedAt: (recipients[0]?.checkedAt ?? context.clock.now()).toISOString(),
        level: options.level,
        partSize: options.partSize,
        verify: options.verifyBeforeUpload,
      },
    },
    signal,
  );
  try {
    await Promise.all(
      tasks.map(async ({ number, table, tableIndex, blocks }) => {
        const copied = copiedTable(table);
        const sum = await pool.run(
          'seal',
          { table: copied, ...(blocks === undefined ? {} : { blocks }) },
          {
            onProgress: (bytes) => step.advance(bytes),
            onPart: async ({ part, bytes, sha256, plainSize, plainSha256, headerBytes, rows }) =>
              writer.put(
                { bytes: new Uint8Array(bytes), size: bytes.byteLength, sha256, plainSize, plainSha256 },
                {
                  name: dataPartName(number, part),
                  kind: 'table-data',
                  table: tableIndex,
                  rows,
                  headerBytes,
                  ...(blocks === undefined ? {} : { blocks: [blocks[0], blocks[1]] }),
                },
              ),
          },
        );
        sums[tableIndex]?.push(sum);
      }),
    );
  } finally {
    await pool.close();
  }
  step.done();
  return tables.map((table, index) => {
    const { rows, checksum } = addSums(sums[index] ?? []);
    const { condition, ...copied } = copiedTable(table);
    return {
      ...copied,
      columns: [...copied.columns],
      ...(condition === undefined ? {} : { condition }),
      rows,
      checksum,
    };
  });
}

function copiedTable({ schema, name, columns, extensionCondition }: CopyableTable): CopiedTable {
  return {
    schema,
    name,
    columns,
    ...(extensionCondition === undefined ? {} : { condition: extensionCondition }),
  };
}
