import { messageOf, refused } from '../../base/error.ts';
import { type Client, sqlState } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { createDatabaseSql } from '../capture/database-scripts.ts';
import { replayDueErasures } from '../erasure/replay.ts';
import type { ManifestFile } from '../format/manifest.ts';
import { analyze } from './analyze.ts';
import { inClosedDatabase, onServer } from './closed-database.ts';
import { compareRestored } from './compare.ts';
import type { RestoreContext } from './context.ts';
import { restoreKeyring } from './keyring.ts';
import { loadRows } from './load-rows.ts';
import { createMarks, dropMarks, markedScript, runMarkedScript } from './marks.ts';
import { readScriptFile } from './opened-set.ts';
import { restorePostData } from './post-data.ts';
import { askServer } from './preflight.ts';
import { loadedParts, type RestoreWork } from './work.ts';

/**
 * What brings a database of a set back, in order, before anybody may connect to it; each can be stopped anywhere and
 * done again.
 */
export const databaseSteps = [
  'create',
  'pre-data',
  'rows',
  'keyring',
  'large-objects',
  'sequences',
  'post-data',
  'analyze',
  'compare',
  'erasures',
] as const;

export type DatabaseStep = (typeof databaseSteps)[number];

type StepWork = (context: RestoreContext, work: RestoreWork) => Promise<JsonObject>;

/** Does one of these steps and tells its result. */
export const databaseStep: Readonly<Record<DatabaseStep, StepWork>> = {
  create: async (context, work) => {
    await createClosedDatabase(context, work);
    return { database: work.workingName };
  },
  'pre-data': async (context, work) => {
    await runScripts(context, work, ['roles', 'pre-data']);
    return {};
  },
  rows: async (context, work) => {
    await loadRows(context, work);
    return { parts: loadedParts(work).length };
  },
  keyring: async (context, work) => {
    const { lost, ...restored } = await restoreKeyring(context, work);
    return { ...restored, lost: [...lost] };
  },
  'large-objects': async (context, work) => {
    // They belong to no table.
    if (work.chosen !== undefined) return { largeObjects: 0 };
    await runScripts(context, work, ['large-objects']);
    return { largeObjects: work.source.largeObjects.rows };
  },
  sequences: async (context, work) => {
    await runScripts(context, work, ['sequences']);
    return {};
  },
  'post-data': async (context, work) => {
    const { notValid, leftOut } = await restorePostData(context, work);
    return { notValid: [...notValid], leftOut: [...leftOut] };
  },
  analyze: async (context, work) => {
    await inClosedDatabase(context, work, analyze);
    return {};
  },
  compare: async (context, work) => {
    // Every step that needs the marks is done by now.
    await inClosedDatabase(context, work, (client) => dropMarks(client, work.workingName));
    const comparison = await compareRestored(context, work);
    if (comparison.schemaReason !== null)
      context.progress.warn(`the schema was not compared: ${comparison.schemaReason}`);
    return { ...comparison };
  },
  erasures: async (context, work) => ({ ...(await replayDueErasures(context, work)) }),
};

async function createClosedDatabase(context: RestoreContext, work: RestoreWork): Promise<void> {
  const { workingName } = work;
  const name = quoteIdentifier(workingName);
  await onServer(context, async (client) => {
    // A database of this working name can only be this work's, from a run that was stopped here.
    const { hasDatabase } = await askServer(client, workingName);
    if (!hasDatabase) await makeDatabase(client, work);
    await client.query(`REVOKE CONNECT, TEMPORARY ON DATABASE ${name} FROM PUBLIC`);
  });
  await inClosedDatabase(context, work, (client) => createMarks(client, workingName));
}

/**
 * Makes the empty database, under its working name.
 * @throws {PosternError} exit 6, `locale-missing`: a server of another system may lack it, and says so only now
 */
export async function makeDatabase(client: Client, { workingName, source }: RestoreWork): Promise<void> {
  const { versionNum } = await askServer(client, workingName);
  const sql = createDatabaseSql(quoteIdentifier(workingName), source, versionNum);
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

async function runScripts(
  context: RestoreContext,
  work: RestoreWork,
  kinds: readonly ManifestFile['kind'][],
): Promise<void> {
  const files = work.files.filter(({ kind }) => kinds.includes(kind));
  await inClosedDatabase(context, work, async (client) => {
    for (const file of files) {
      context.signal.throwIfAborted();
      const script = await readScriptFile(context, work, file);
      await runMarkedScript(client, markedScript(work.workingName, file.name, script));
    }
  });
}
