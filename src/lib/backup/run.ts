import { randomBytes } from 'node:crypto';
import { audited } from '../audit/audited.ts';
import { PosternError } from '../base/error.ts';
import { ExitCode } from '../base/exit-code.ts';
import type { Queryable } from '../base/postgres.ts';
import { copyableSequences } from '../platform/catalog/index.ts';
import { withJobLock } from '../state/job-lock.ts';
import { requireCurrentState } from '../state/status.ts';
import { checkPrivileges, hiddenFromRole } from './capture/check-privileges.ts';
import { checkScript } from './capture/check-script.ts';
import { copyTables } from './capture/copy-tables.ts';
import { createDatabaseScript, databaseSettingsScript } from './capture/database-scripts.ts';
import { type HeldSnapshot, holdSnapshot } from './capture/hold-snapshot.ts';
import { copyLargeObjects } from './capture/large-objects.ts';
import { readRoles, rolesScript, withoutPublicSchema } from './capture/roles.ts';
import { sequencesScript } from './capture/sequences.ts';
import { type SetWriter, setWriter } from './capture/set-writer.ts';
import { closeDeadRuns } from './close-dead-runs.ts';
import type { BackupContext } from './context.ts';
import { databaseFailure, snapshotLost } from './database-failure.ts';
import { fileName, largeObjectPartName, newSetId, setFormat, setFormatVersion } from './format/layout.ts';
import type { Manifest } from './format/manifest.ts';
import { previousSet, registerCompletion, registerFailure, registerRun } from './register.ts';
import type { BackupRunResult } from './results.ts';
import { chooseSchemaDumper, dumpSchema } from './schema-dump/index.ts';
import { schemaDumpUrl } from './session-options.ts';

/**
 * Backs up the platform database: one snapshot, every table, the schema, sequences, large objects and the database's
 * own settings, encrypted to every recipient, signed, chained to the set before, committed by its manifest.
 * @throws {PosternError} exit 1 (unreachable, privileges, store, schema), 5 (verify before upload), 11 (another run);
 * without a manifest in the store, there is no set
 */
export async function runBackup(context: BackupContext): Promise<BackupRunResult> {
  const state = await context.state();
  await requireCurrentState(state);
  const { profile } = context.sets;
  return withJobLock(state, `backup ${profile}`, async (locked) => {
    await closeDeadRuns(context, locked);
    return audited(context, { action: 'backup.run', target: context.sets.store.location }, async (audit) => {
      const snapshot = await holdSnapshot(context.platformUrl, {
        ...context.options,
        signal: context.signal,
      });
      try {
        const signal = AbortSignal.any([context.signal, snapshot.lost]);
        const result = await writeSet({ ...context, signal }, locked, snapshot);
        audit.note({ setId: result.setId, manifestSha256: result.manifestSha256 });
        return result;
      } catch (error) {
        throw whyStopped(error, context, snapshot);
      } finally {
        await snapshot.release();
      }
    });
  });
}

/** A session that ends takes many things with it, and each fails in its own words. */
function whyStopped(error: unknown, context: BackupContext, { lost }: HeldSnapshot): unknown {
  const isDamage = error instanceof PosternError && error.exitCode === ExitCode.integrity;
  if (lost.aborted && !context.signal.aborted && !isDamage) return snapshotLost(error);
  return databaseFailure(error, 'the database stopped the backup');
}

async function writeSet(
  context: BackupContext,
  state: Queryable,
  snapshot: HeldSnapshot,
): Promise<BackupRunResult> {
  const { clock, sets } = context;
  const { server, database } = snapshot.catalog;
  await checkPrivileges(snapshot);
  for (const line of await hiddenFromRole(snapshot)) context.progress.warn(line);
  const dumper = await chooseSchemaDumper({
    serverVersion: server.versionNumber,
    ...(context.options.pgDump === undefined ? {} : { nativePath: context.options.pgDump }),
  });
  const startedAt = clock.now();
  const setId = newSetId(startedAt, randomBytes(4).toString('hex'));
  const previous = await previousSet(state, sets.profile);
  await registerRun(state, {
    setId,
    profile: sets.profile,
    database: database.name,
    systemIdentifier: server.systemIdentifier ?? 'unknown',
    location: sets.store.location,
    startedAt,
    previousSetId: previous?.setId,
  });
  try {
    const writer = setWriter(context, setId);
    const copied = await copyTables(context, snapshot, writer);
    const roles = await writeScripts(context, snapshot, writer, dumper);
    const largeObjects = await writeLargeObjects(context, snapshot, writer);
    await writer.putScript(fileName.check, 'check', checkScript(copied));
    const finishedAt = clock.now();
    const manifest: Manifest = {
      format: setFormat,
      version: setFormatVersion,
      setId,
      profile: sets.profile,
      tool: context.tool,
      startedAt: startedAt.toISOString(),
      finishedAt: finishedAt.toISOString(),
      source: sourceOf(snapshot),
      schemaDump: { kind: dumper.kind, version: dumper.version },
      roles: [...roles],
      largeObjects,
      previous: previous ?? null,
      recipients: context.recipients.map(({ fingerprint }) => fingerprint),
      signer: context.signer.fingerprint,
      tables: [...copied],
      files: writer.files.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    };
    const committed = await writer.commit(manifest);
    const rows = copied.reduce((sum, table) => sum + table.rows, 0);
    const completed = {
      setId,
      finishedAt,
      manifestSha256: committed.manifestSha256,
      parts: writer.files.length,
      bytes: committed.bytes,
      rows,
    };
    await registerCompletion(state, completed);
    return {
      setId,
      location: `${sets.store.location}/${sets.prefix}${setId}`,
      startedAt: manifest.startedAt,
      finishedAt: manifest.finishedAt,
      seconds: (finishedAt.getTime() - startedAt.getTime()) / 1000,
      database: database.name,
      tables: copied.length,
      rows,
      largeObjects: largeObjects.rows,
      files: completed.parts,
      plainBytes: writer.files.reduce((sum, { plainSize }) => sum + plainSize, 0),
      bytes: committed.bytes,
      manifestSha256: committed.manifestSha256,
      previousSetId: previous?.setId ?? null,
      recipients: manifest.recipients,
      schemaDump: manifest.schemaDump,
    };
  } catch (error) {
    await registerFailure(state, setId, clock.now()).catch(() => {});
    if (error instanceof PosternError)
      context.progress.detail(`the set ${setId} was not committed; parts of it may be in the store`);
    throw error;
  }
}

/** Everything of the database that is not rows. */
async function writeScripts(
  context: BackupContext,
  { client, id, catalog }: HeldSnapshot,
  writer: SetWriter,
  dumper: Awaited<ReturnType<typeof chooseSchemaDumper>>,
): Promise<readonly string[]> {
  const step = context.progress.step(`reading the schema with pg_dump ${dumper.version}`);
  const common = {
    url: await schemaDumpUrl(client, context.platformUrl),
    snapshot: id,
    encoding: catalog.database.encoding,
    signal: context.signal,
    onWarning: (line: string) => context.progress.warn(line),
  };
  const locale = { ...catalog.database, icuLocale: catalog.database.locale };
  await writer.putScript(
    fileName.createDatabase,
    'create-database',
    createDatabaseScript(locale, catalog.server.versionNumber),
  );
  const roles = await readRoles(client);
  await writer.putScript(fileName.roles, 'roles', rolesScript(roles) + withoutPublicSchema(catalog));
  await writer.putScript(
    fileName.preData,
    'pre-data',
    await dumpSchema(dumper, { ...common, sections: 'pre-data' }),
  );
  await writer.putScript(
    fileName.postData,
    'post-data',
    await dumpSchema(dumper, { ...common, sections: 'post-data' }),
  );
  await writer.putScript(fileName.sequences, 'sequences', sequencesScript(copyableSequences(catalog)));
  await writer.putScript(
    fileName.databaseSettings,
    'database-settings',
    await databaseSettingsScript(client, catalog),
  );
  step.done();
  return roles;
}

async function writeLargeObjects(
  context: BackupContext,
  { client }: HeldSnapshot,
  writer: SetWriter,
): Promise<Manifest['largeObjects']> {
  const { level, partSize, verifyBeforeUpload } = context.options;
  const seal = { recipients: context.recipients, level, partSize, verify: verifyBeforeUpload };
  return copyLargeObjects(client, seal, ({ part, sealed }) =>
    writer.put(sealed, { name: largeObjectPartName(part), kind: 'large-objects' }),
  );
}

function sourceOf({ id, lsn, catalog }: HeldSnapshot): Manifest['source'] {
  const { server, database, extensions } = catalog;
  return {
    systemIdentifier: server.systemIdentifier,
    database: database.name,
    serverVersion: server.version,
    serverVersionNum: server.versionNumber,
    encoding: database.encoding,
    collate: database.collate,
    ctype: database.ctype,
    localeProvider: database.localeProvider,
    icuLocale: database.locale,
    icuRules: database.icuRules,
    snapshot: id,
    lsn,
    extensions: extensions.map(({ name, version }) => ({ name, version })),
    owner: database.owner,
  };
}
