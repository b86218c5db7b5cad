import { counted } from '../../base/counted.ts';
import { qualifiedName } from '../../platform/quote.ts';
import type { ManifestFile, ManifestSource } from '../format/manifest.ts';
import { copyFromSql, copyTrailer } from '../format/part-sql.ts';
import { readSignedFile } from '../read-set.ts';
import { openWorkerPool, type WorkerPool } from '../worker/pool.ts';
import { closedDatabaseUrl } from './closed-database.ts';
import type { RestoreContext } from './context.ts';
import { markTable } from './marks.ts';
import { loadedParts, type RestoreWork } from './work.ts';

/** Loads every part of every table, several at a time; a part that is loaded already is left alone. */
export async function loadRows(context: RestoreContext, work: RestoreWork): Promise<void> {
  const { set, source, opener } = work;
  const parts = loadedParts(work).toSorted((a, b) => b.plainSize - a.plainSize);
  const step = context.progress.step(`loading ${counted(parts.length, 'part')}`, {
    total: parts.reduce((sum, { plainSize }) => sum + plainSize, 0),
    unit: 'bytes',
  });
  const pool = await openLoaders(context, work, Math.min(context.workers, parts.length));
  const queue = parts.values();
  const loadNext = async (): Promise<void> => {
    for (const part of queue) {
      context.signal.throwIfAborted();
      const bytes = (await readSignedFile(context.sets, set, part.name)).slice().buffer;
      await pool.run(
        'load',
        {
          ...loadInput(source, part),
          sessionKey: await opener.sessionKey(part.name, new Uint8Array(bytes)),
          markTable: markTable(work.workingName),
          bytes,
        },
        { transfer: [bytes], onProgress: (amount) => step.advance(amount) },
      );
    }
  };
  try {
    await Promise.all(Array.from({ length: pool.size }, loadNext));
  } finally {
    await pool.close();
  }
  step.done();
}

/** Workers that open files and write into the database that is being restored. */
export function openLoaders(context: RestoreContext, work: RestoreWork, size: number): Promise<WorkerPool> {
  return openWorkerPool(
    Math.max(1, size),
    {
      database: {
        url: closedDatabaseUrl(context, work),
        encoding: work.source.encoding,
        writes: true,
      },
    },
    context.signal,
  );
}

function loadInput(
  { tables, encoding }: ManifestSource,
  { name, table: index = -1, headerBytes = 0, plainSha256 }: ManifestFile,
) {
  const table = tables[index];
  if (table === undefined) throw new Error(`${name} belongs to no table`);
  return {
    statements: {
      before: [],
      copy: copyFromSql(table, encoding),
      after: [],
      target: qualifiedName(table.schema, table.name),
    },
    headerBytes,
    trailerBytes: copyTrailer.byteLength,
    plainSha256,
    mark: name,
  };
}
