import { copyTasks, rangeBytes } from './capture/copy-task.ts';
import { openSources } from './capture/database.ts';
import type { BackupContext } from './context.ts';
import { knownDestinations } from './emptied-destination.ts';
import type { BackupPreview } from './results.ts';

/** Everything that a run does before its first byte: what would stop it, and how much it would copy. Errors as `runBackup`. */
export async function previewBackup(context: BackupContext): Promise<BackupPreview> {
  const destinations = await knownDestinations(context);
  const sources = await openSources(context);
  const range = (tables: Parameters<typeof rangeBytes>[0]): number =>
    context.options.rangeBytes ?? rangeBytes(tables, context.options.workers);
  try {
    return {
      destinations: destinations.map(({ name, store, prefix, unusable }) => ({
        name,
        location: `${store.location}/${prefix}`,
        problem: unusable?.message ?? null,
      })),
      sources: sources.map(({ source, snapshot: { catalog, tables }, dumper }) => ({
        name: source.name,
        database: catalog.database.name,
        tables: tables.length,
        bytes: tables.reduce((sum, { bytes }) => sum + bytes, 0),
        copies: copyTasks(tables, catalog.server.versionNumber, range(tables)).length,
        schemaDump: { kind: dumper.kind, version: dumper.version },
      })),
      recipients: context.recipients.map(({ fingerprint }) => fingerprint),
    };
  } finally {
    await Promise.all(sources.map(({ snapshot }) => snapshot.release()));
  }
}
