import { messageOf, refused } from '../../base/error.ts';
import { type Client, sqlState, withConnection } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { type Plan, planInputs } from '../../operation/plan.ts';
import type { PlanKind } from '../../operation/plan-kind.ts';
import { precondition } from '../../operation/staleness.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { createDatabaseSql } from '../capture/database-scripts.ts';
import { databaseFailure } from '../database-failure.ts';
import { fileName } from '../format/layout.ts';
import type { ManifestFile } from '../format/manifest.ts';
import { runScript } from '../raw-query.ts';
import { openSignedSet } from '../read-set.ts';
import { analyze } from './analyze.ts';
import { inClosedDatabase } from './closed-database.ts';
import { compareRestored } from './compare.ts';
import type { RestoreContext } from './context.ts';
import { loadKeyring, readOtherManifest } from './keyring.ts';
import { loadRows, openLoaders } from './load-rows.ts';
import { createMarks, dropMarks, runMarkedScript, workingName } from './marks.ts';
import { type OpenedSet, openPlannedSet, readScript, readScriptFile } from './opened-set.ts';
import { type RestoreStep, restoreInputs, restoreSteps } from './plan-restore.ts';
import { askServer } from './preflight.ts';

export const backupRestore: PlanKind<RestoreContext> = {
  kind: 'backup.restore',
  danger: 'moderate',
  target: async (context, plan) => {
    const { database } = planInputs(plan, restoreInputs);
    const { systemIdentifier } = await onServer(context, (client) => askServer(client, database));
    return { systemIdentifier, database };
  },
  preconditions: async (context, plan) => {
    const { setId, database } = planInputs(plan, restoreInputs);
    const set = await openSignedSet(context.sets, setId);
    const { hasDatabase } = await onServer(context, (client) => askServer(client, database));
    return [
      precondition('manifest of the set', set.sums.get(fileName.manifest) ?? ''),
      precondition('database is absent', !hasDatabase),
    ];
  },
  applyStep: async (context, plan, index) => {
    const step = restoreSteps[index];
    if (step === undefined) throw new Error(`a restore has no step ${index}`);
    const title = plan.body.steps[index]?.summary ?? step;
    context.progress.detail(title);
    try {
      return await stepWork[step](context, plan, await openPlannedSet(context, plan));
    } catch (error) {
      throw databaseFailure(error, 'the server stopped the restore');
    }
  },
  certify: async (_context, plan, results) => {
    const { setId, manifestSha256, location, source, database } = planInputs(plan, restoreInputs);
    const comparison = results[restoreSteps.indexOf('compare')] ?? {};
    const keyring = results[restoreSteps.indexOf('keyring')] ?? {};
    return {
      subject: [{ name: `backup set ${setId}`, digest: { sha256: manifestSha256 } }],
      predicateType: 'urn:postern:predicate:backup-restore:v1',
      predicate: { setId, location, source, database, keyring, comparison },
    };
  },
};

/** A server of another system may lack the locale, and says so only now. */
async function create(client: Client, sql: string): Promise<void> {
  try {
    await client.query(sql);
  } catch (error) {
    if (!['22023', '42809', '42704', '0A000'].includes(sqlState(error) ?? '')) throw error;
    throw refused(`the server cannot make a database like the one backed up: ${messageOf(error)}`, {
      code: 'locale-missing',
      cause: error,
      hints: [`the statement was: ${sql}`, 'install the locale on the server, then apply the plan again'],
    });
  }
}

type StepWork = (context: RestoreContext, plan: Plan, opened: OpenedSet) => Promise<JsonObject>;

const stepWork: Readonly<Record<RestoreStep, StepWork>> = {
  create: async (context, plan, { source }) => {
    const name = workingName(plan);
    await onServer(context, async (client) => {
      // A database of this plan's working name can only be this plan's, from a run that was stopped here.
      const { hasDatabase, versionNum } = await askServer(client, name);
      if (!hasDatabase) await create(client, createDatabaseSql(quoteIdentifier(name), source, versionNum));
      await client.query(`REVOKE CONNECT, TEMPORARY ON DATABASE ${quoteIdentifier(name)} FROM PUBLIC`);
    });
    await inClosedDatabase(context, plan, source, (client) => createMarks(client, plan));
    return { database: name };
  },
  'pre-data': async (context, plan, opened) => {
    await runScripts(context, plan, opened, ['roles', 'pre-data']);
    return {};
  },
  rows: async (context, plan, opened) => {
    await loadRows(context, plan, opened);
    return { parts: opened.files.filter(({ kind }) => kind === 'table-data').length };
  },
  keyring: async (context, plan, opened) => restoreKeyring(context, plan, opened),
  'large-objects': async (context, plan, opened) => {
    await runScripts(context, plan, opened, ['large-objects']);
    return { largeObjects: opened.source.largeObjects.rows };
  },
  sequences: async (context, plan, opened) => {
    await runScripts(context, plan, opened, ['sequences']);
    return {};
  },
  'post-data': async (context, plan, opened) => {
    await runScripts(context, plan, opened, ['post-data']);
    return {};
  },
  analyze: async (context, plan, { source }) => {
    await inClosedDatabase(context, plan, source, analyze);
    return {};
  },
  compare: async (context, plan, opened) => {
    // Every step that needs the marks is journalled as done by now.
    await inClosedDatabase(context, plan, opened.source, (client) => dropMarks(client, plan));
    const { keyring } = planInputs(plan, restoreInputs);
    const comparison = await compareRestored(context, plan, opened.source, {
      readScript: (kind) => readScript(context, opened, kind),
      keyring: keyring?.setId === opened.set.setId ? 'own' : 'younger',
    });
    if (comparison.schemaReason !== null)
      context.progress.warn(`the schema was not compared: ${comparison.schemaReason}`);
    return { ...comparison };
  },
  open: async (context, plan, opened) => {
    const { database } = planInputs(plan, restoreInputs);
    const name = workingName(plan);
    const isStillClosed = await onServer(
      context,
      async (client) => (await askServer(client, name)).hasDatabase,
    );
    if (!isStillClosed) return { database };
    const settings = await readScript(context, opened, 'database-settings');
    await inClosedDatabase(context, plan, opened.source, async (client) => {
      // Stopped behind the settings and begun again, it would find itself under them.
      await client.query('SET default_transaction_read_only = off');
      await runScript(client, settings);
    });
    await onServer(context, (client) =>
      client.query(`ALTER DATABASE ${quoteIdentifier(name)} RENAME TO ${quoteIdentifier(database)}`),
    );
    return { database };
  },
};

/** Wrapped keys lie apart from the rows; a younger keyring no longer has those of persons who were erased since. */
async function restoreKeyring(context: RestoreContext, plan: Plan, opened: OpenedSet): Promise<JsonObject> {
  const { source, manifest } = opened;
  const { keyring } = planInputs(plan, restoreInputs);
  const expected = source.keyring.reduce((sum, { rows }) => sum + rows, 0);
  if (keyring === null) return { from: null, rows: 0, missing: expected };
  const chosen =
    keyring.setId === manifest.setId
      ? { setId: keyring.setId, manifest }
      : { setId: keyring.setId, manifest: await readOtherManifest(context, keyring.setId, opened.keys) };
  const pool = await openLoaders(context, plan, source, 1);
  try {
    const rows = await loadKeyring(context, plan, chosen, {
      source: source.name,
      encoding: source.encoding,
      pool,
    });
    return { from: keyring.setId, rows, missing: expected - rows };
  } finally {
    await pool.close();
  }
}

async function runScripts(
  context: RestoreContext,
  plan: Plan,
  opened: OpenedSet,
  kinds: readonly ManifestFile['kind'][],
): Promise<void> {
  const files = opened.files.filter(({ kind }) => kinds.includes(kind));
  await inClosedDatabase(context, plan, opened.source, async (client) => {
    for (const file of files) {
      context.signal.throwIfAborted();
      await runMarkedScript(client, plan, file.name, await readScriptFile(context, opened, file));
    }
  });
}

function onServer<T>({ serverUrl }: RestoreContext, work: (client: Client) => Promise<T>): Promise<T> {
  return withConnection(
    { url: serverUrl, role: 'server for the restore', purpose: 'restore', database: 'foreign' },
    work,
  );
}
