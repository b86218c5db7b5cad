import { copyableSequences } from '../../platform/catalog/index.ts';
import type { BackupContext, DatabaseSource } from '../context.ts';
import { largeObjectPartName } from '../format/layout.ts';
import type { ManifestSource } from '../format/manifest.ts';
import { checkedReferences } from '../objects/references.ts';
import { chooseSchemaDumper, dumpSchema, type SchemaDumper } from '../schema-dump/index.ts';
import { schemaDumpUrl } from '../session-options.ts';
import { checkPrivileges, hiddenFromRole } from './check-privileges.ts';
import { checkScript } from './check-script.ts';
import { copyTables } from './copy-tables.ts';
import { createDatabaseScript, databaseSettingsScript } from './database-scripts.ts';
import { type HeldSnapshot, holdSnapshot } from './hold-snapshot.ts';
import { keyringTables } from './keyring.ts';
import { copyLargeObjects } from './large-objects.ts';
import { readRoles, rolesScript, withoutPublicSchema } from './roles.ts';
import { sequencesScript } from './sequences.ts';
import type { SetWriter } from './set-writer.ts';

/** A database of which one moment is held, and what will dump its schema: nothing stands in the way of a copy. */
export interface OpenSource {
  readonly source: DatabaseSource;
  readonly snapshot: HeldSnapshot;
  readonly dumper: SchemaDumper;
}

/**
 * Holds a snapshot of every database before the first byte of any is copied, and finds out what would stop a copy.
 * @throws {PosternError} exit 1 as `holdSnapshot` and `checkPrivileges`; exit 2 as `keyringTables`
 */
export async function openSources(context: BackupContext): Promise<readonly OpenSource[]> {
  const opened: OpenSource[] = [];
  try {
    for (const source of context.sources) {
      const snapshot = await holdSnapshot(source.url, {
        ...context.options,
        role: `${source.name} database`,
        signal: context.signal,
      });
      const dumper = chooseSchemaDumper({
        serverVersion: snapshot.catalog.server.versionNumber,
        ...(context.options.pgDump === undefined ? {} : { nativePath: context.options.pgDump }),
      });
      // Held is held: whatever fails now, the session is ended.
      opened.push({ source, snapshot, dumper: await dumper.catch((error) => endWith(snapshot, error)) });
      await checkPrivileges(snapshot);
      for (const line of await hiddenFromRole(snapshot)) context.progress.warn(`${source.name}: ${line}`);
      keyringTables(source, snapshot.catalog, snapshot.tables);
      checkedReferences(source.name, source.objectKeys ?? [], snapshot.catalog);
    }
    return opened;
  } catch (error) {
    await Promise.all(opened.map(({ snapshot }) => snapshot.release()));
    throw error;
  }
}

async function endWith(snapshot: HeldSnapshot, error: unknown): Promise<never> {
  await snapshot.release();
  throw error;
}

/** Copies one database into the set. */
export async function captureDatabase(
  context: BackupContext,
  open: OpenSource,
  writer: SetWriter,
): Promise<ManifestSource> {
  const { source, snapshot, dumper } = open;
  const { tables, keyring } = await copyTables(context, source, snapshot, writer);
  const roles = await writeScripts(context, open, writer);
  const largeObjects = await writeLargeObjects(context, open, writer);
  await writer.putScript(source.name, 'check', checkScript(tables));
  const { server, database, extensions } = snapshot.catalog;
  return {
    name: source.name,
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
    snapshot: snapshot.id,
    lsn: snapshot.lsn,
    extensions: extensions.map(({ name, version }) => ({ name, version })),
    owner: database.owner,
    schemaDump: { kind: dumper.kind, version: dumper.version },
    roles: [...roles],
    largeObjects,
    tables: [...tables],
    keyring: [...keyring],
  };
}

/** Everything of the database that is not rows. */
async function writeScripts(
  context: BackupContext,
  { source, snapshot: { client, id, catalog }, dumper }: OpenSource,
  writer: SetWriter,
): Promise<readonly string[]> {
  const step = context.progress.step(`reading the schema of ${source.name} with pg_dump ${dumper.version}`);
  const common = {
    url: await schemaDumpUrl(client, source.url),
    snapshot: id,
    encoding: catalog.database.encoding,
    signal: context.signal,
    onWarning: (line: string) => context.progress.warn(line),
  };
  const locale = { ...catalog.database, icuLocale: catalog.database.locale };
  const roles = await readRoles(client);
  const scripts = [
    ['create-database', () => createDatabaseScript(locale, catalog.server.versionNumber)],
    ['roles', () => rolesScript(roles) + withoutPublicSchema(catalog)],
    ['pre-data', () => dumpSchema(dumper, { ...common, sections: 'pre-data' })],
    ['post-data', () => dumpSchema(dumper, { ...common, sections: 'post-data' })],
    ['sequences', () => sequencesScript(copyableSequences(catalog))],
    ['database-settings', () => databaseSettingsScript(client, catalog)],
  ] as const;
  for (const [kind, text] of scripts) await writer.putScript(source.name, kind, await text());
  step.done();
  return roles;
}

async function writeLargeObjects(
  context: BackupContext,
  { source, snapshot: { client } }: OpenSource,
  writer: SetWriter,
): Promise<ManifestSource['largeObjects']> {
  const { level, partSize, verifyBeforeUpload } = context.options;
  const seal = { recipients: context.recipients, level, partSize, verify: verifyBeforeUpload };
  return copyLargeObjects(client, seal, ({ part, sealed }) =>
    writer.put(sealed, {
      name: largeObjectPartName(source.name, part),
      kind: 'large-objects',
      source: source.name,
    }),
  );
}
