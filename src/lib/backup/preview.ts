import { checkPrivileges } from './capture/check-privileges.ts';
import { copyTasks, rangeBytes } from './capture/copy-task.ts';
import { holdSnapshot } from './capture/hold-snapshot.ts';
import type { BackupContext } from './context.ts';
import type { BackupPreview } from './results.ts';
import { chooseSchemaDumper } from './schema-dump/index.ts';

/** Everything that a run does before its first byte: what would stop it, and how much it would copy. Errors as `runBackup`. */
export async function previewBackup(context: BackupContext): Promise<BackupPreview> {
  const snapshot = await holdSnapshot(context.platformUrl, { ...context.options, signal: context.signal });
  try {
    await checkPrivileges(snapshot);
    const { server, database } = snapshot.catalog;
    const { kind, version } = await chooseSchemaDumper({
      serverVersion: server.versionNumber,
      ...(context.options.pgDump === undefined ? {} : { nativePath: context.options.pgDump }),
    });
    return {
      database: database.name,
      location: `${context.sets.store.location}/${context.sets.prefix}`,
      tables: snapshot.tables.length,
      bytes: snapshot.tables.reduce((sum, { bytes }) => sum + bytes, 0),
      copies: copyTasks(
        snapshot.tables,
        server.versionNumber,
        context.options.rangeBytes ?? rangeBytes(snapshot.tables, context.options.workers),
      ).length,
      schemaDump: { kind, version },
      recipients: context.recipients.map(({ fingerprint }) => fingerprint),
    };
  } finally {
    await snapshot.release();
  }
}
