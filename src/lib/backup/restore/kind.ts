import { integrityError, messageOf, refused } from '../../base/error.ts';
import { type Client, sqlState, withConnection } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { openMessage } from '../../crypto/openpgp-container.ts';
import type { SecretKey } from '../../crypto/openpgp-secret-key.ts';
import { type Plan, planInputs } from '../../operation/plan.ts';
import type { PlanKind } from '../../operation/plan-kind.ts';
import { precondition } from '../../operation/staleness.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { createDatabaseSql } from '../capture/database-scripts.ts';
import { databaseFailure } from '../database-failure.ts';
import { fileName } from '../format/layout.ts';
import type { Manifest } from '../format/manifest.ts';
import { runScript } from '../raw-query.ts';
import { openSignedSet, readManifest, readSignedFile, type SignedSet, unlock, unpack } from '../read-set.ts';
import { analyze } from './analyze.ts';
import { inClosedDatabase } from './closed-database.ts';
import { compareRestored } from './compare.ts';
import type { RestoreContext } from './context.ts';
import { loadRows } from './load-rows.ts';
import { createMarks, dropMarks, runMarkedScript, workingName } from './marks.ts';
import { type RestoreStep, restoreInputs, restoreSteps } from './plan-restore.ts';
import { askServer } from './preflight.ts';

/** A set, opened for the steps of one plan. */
interface OpenedSet {
  readonly set: SignedSet;
  readonly manifest: Manifest;
  readonly keys: readonly SecretKey[];
}

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
    const { setId, manifestSha256, location, database } = planInputs(plan, restoreInputs);
    const comparison = results[restoreSteps.indexOf('compare')] ?? {};
    return {
      subject: [{ name: `backup set ${setId}`, digest: { sha256: manifestSha256 } }],
      predicateType: 'urn:postern:predicate:backup-restore:v1',
      predicate: { setId, location, database, comparison },
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
  create: async (context, plan, { manifest }) => {
    const name = workingName(plan);
    await onServer(context, async (client) => {
      // A database of this plan's working name can only be this plan's, from a run that was stopped here.
      const { hasDatabase, versionNum } = await askServer(client, name);
      const locale = { ...manifest.source, localeProvider: manifest.source.localeProvider };
      if (!hasDatabase) await create(client, createDatabaseSql(quoteIdentifier(name), locale, versionNum));
      await client.query(`REVOKE CONNECT, TEMPORARY ON DATABASE ${quoteIdentifier(name)} FROM PUBLIC`);
    });
    await inClosedDatabase(context, plan, manifest, (client) => createMarks(client, plan));
    return { database: name };
  },
  'pre-data': async (context, plan, opened) => {
    await runScripts(context, plan, opened, ['roles', 'pre-data']);
    return {};
  },
  rows: async (context, plan, { set, manifest }) => {
    await loadRows(context, plan, set, manifest);
    return { parts: manifest.files.filter(({ kind }) => kind === 'table-data').length };
  },
  'large-objects': async (context, plan, opened) => {
    await runScripts(context, plan, opened, ['large-objects']);
    return { largeObjects: opened.manifest.largeObjects.rows };
  },
  sequences: async (context, plan, opened) => {
    await runScripts(context, plan, opened, ['sequences']);
    return {};
  },
  'post-data': async (context, plan, opened) => {
    await runScripts(context, plan, opened, ['post-data']);
    return {};
  },
  analyze: async (context, plan, { manifest }) => {
    await inClosedDatabase(context, plan, manifest, analyze);
    return {};
  },
  compare: async (context, plan, opened) => {
    // Every step that needs the marks is journalled as done by now.
    await inClosedDatabase(context, plan, opened.manifest, (client) => dropMarks(client, plan));
    const comparison = await compareRestored(context, plan, opened.manifest, (name) =>
      script(context, opened, name),
    );
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
    const settings = await script(context, opened, fileName.databaseSettings);
    await inClosedDatabase(context, plan, opened.manifest, async (client) => {
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

async function runScripts(
  context: RestoreContext,
  plan: Plan,
  opened: OpenedSet,
  kinds: readonly Manifest['files'][number]['kind'][],
): Promise<void> {
  const files = opened.manifest.files.filter(({ kind }) => kinds.includes(kind));
  await inClosedDatabase(context, plan, opened.manifest, async (client) => {
    for (const { name } of files) {
      context.signal.throwIfAborted();
      await runMarkedScript(client, plan, name, await script(context, opened, name));
    }
  });
}

async function script(
  context: RestoreContext,
  { set, manifest, keys }: OpenedSet,
  name: string,
): Promise<Buffer> {
  const text = unpack(await openMessage(await readSignedFile(context.sets, set, name), keys));
  const expected = manifest.files.find((file) => file.name === name);
  if (expected?.plainSize === text.byteLength) return text;
  throw integrityError(`${name} is not what the manifest says`, { code: 'set-inconsistent' });
}

/** The set that was planned, and no other: its manifest must have the planned hash. */
async function openPlannedSet(context: RestoreContext, plan: Plan): Promise<OpenedSet> {
  const { setId, manifestSha256 } = planInputs(plan, restoreInputs);
  const set = await openSignedSet(context.sets, setId);
  const keys = await unlock(context.secretKeys);
  const { manifest, sha256 } = await readManifest(context.sets, set, keys);
  if (sha256 === manifestSha256) return { set, manifest, keys };
  throw integrityError(`the set ${setId} is not the one that was planned`, {
    code: 'set-replaced',
    hints: ['somebody has replaced it since: find out who'],
  });
}

function onServer<T>({ serverUrl }: RestoreContext, work: (client: Client) => Promise<T>): Promise<T> {
  return withConnection(
    { url: serverUrl, role: 'server for the restore', purpose: 'restore', database: 'foreign' },
    work,
  );
}
