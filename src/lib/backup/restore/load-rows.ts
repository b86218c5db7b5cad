import type { Plan } from '../../operation/plan.ts';
import type { Manifest, ManifestFile } from '../format/manifest.ts';
import { readSignedFile, type SignedSet } from '../read-set.ts';
import { openWorkerPool } from '../worker/pool.ts';
import { closedDatabaseUrl } from './closed-database.ts';
import type { RestoreContext } from './context.ts';
import { markTable } from './marks.ts';

/** Loads every part of every table, several at a time; a part that is loaded already is left alone. */
export async function loadRows(
  context: RestoreContext,
  plan: Plan,
  set: SignedSet,
  manifest: Manifest,
): Promise<void> {
  const parts = manifest.files
    .filter(({ kind }) => kind === 'table-data')
    .toSorted((a, b) => b.plainSize - a.plainSize);
  const step = context.progress.step(`loading ${parts.length} parts`, {
    total: parts.reduce((sum, { plainSize }) => sum + plainSize, 0),
    unit: 'bytes',
  });
  const pool = await openWorkerPool(
    Math.max(1, Math.min(context.workers, parts.length)),
    {
      database: {
        url: closedDatabaseUrl(context, plan, manifest),
        encoding: manifest.source.encoding,
        writes: true,
      },
      open: {
        secretKeys: context.secretKeys.armored,
        ...(context.secretKeys.passphrase === undefined ? {} : { passphrase: context.secretKeys.passphrase }),
      },
    },
    context.signal,
  );
  const queue = parts.values();
  const loadNext = async (): Promise<void> => {
    for (const part of queue) {
      context.signal.throwIfAborted();
      const bytes = (await readSignedFile(context.sets, set, part.name)).slice().buffer;
      await pool.run(
        'load',
        { ...loadInput(manifest, part), markTable: markTable(plan), bytes },
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

function loadInput(
  manifest: Manifest,
  { name, table: index = -1, headerBytes = 0, plainSha256 }: ManifestFile,
) {
  const table = manifest.tables[index];
  if (table === undefined) throw new Error(`${name} belongs to no table`);
  return {
    table: { schema: table.schema, name: table.name, columns: table.columns },
    headerBytes,
    plainSha256,
    mark: name,
  };
}
