import { type Client, connect, withConnection } from '../../base/postgres.ts';
import { qualifiedName } from '../../platform/quote.ts';
import { ownSettings } from '../worker/session.ts';
import { partitionsIn } from './choose-tables.ts';
import { closedDatabaseUrl, onServer } from './closed-database.ts';
import type { RestoreContext } from './context.ts';
import { readFamilies } from './families.ts';
import { type MarkedScript, markedScript, runMarkedRange, runSettings } from './marks.ts';
import { readScript, readScriptFile, scriptFile } from './opened-set.ts';
import { partialPostData } from './partial-foreign-keys.ts';
import { postDataStages, type Stage } from './post-data-order.ts';
import { runTasks } from './run-tasks.ts';
import { loadedParts, type RestoreWork } from './work.ts';

/** What became of foreign keys where only some tables were loaded. */
export interface PostDataResult {
  readonly notValid: readonly string[];
  readonly leftOut: readonly string[];
}

/** Makes indexes, constraints, triggers and the rest, on several connections where that is possible. */
export async function restorePostData(context: RestoreContext, work: RestoreWork): Promise<PostDataResult> {
  const { script, notValid, leftOut } = await readPostData(context, work);
  const clients: Client[] = [];
  const url = closedDatabaseUrl(context, work);
  const stopCancelling = cancelOnAbort(context, url, clients);
  try {
    for (let count = Math.max(1, context.workers); count > 0; count -= 1)
      clients.push(await openSession(url));
    const [first] = clients;
    if (first === undefined) throw new Error('a restore has no connection');
    const stages = postDataStages(script, await readFamilies(first));
    for (const stage of stages) {
      context.signal.throwIfAborted();
      if (stage.kind === 'serial') await runMarkedRange(first, script, stage.range);
      else await runParallel(context, work, script, stage, clients);
    }
  } finally {
    stopCancelling();
    await Promise.all(clients.map((client) => client.end().catch(() => {})));
  }
  return { notValid, leftOut };
}

/** The script as it is run: whole, or as it must be where only some tables were loaded. */
export async function readPostData(
  context: RestoreContext,
  work: RestoreWork,
): Promise<PostDataResult & { readonly script: MarkedScript }> {
  const file = scriptFile(work, 'post-data');
  const script = markedScript(work.workingName, file.name, await readScriptFile(context, work, file));
  if (work.chosen === undefined) return { script, notValid: [], leftOut: [] };
  const { statements, notValid, leftOut } = partialPostData(script, {
    chosen: work.chosen,
    withRows: work.source.tables.map(({ schema, name }) => qualifiedName(schema, name)),
    partitions: partitionsIn(await readScript(context, work, 'pre-data')),
    serverVersionNum: await serverVersion(context),
  });
  return { script: { ...script, statements }, notValid, leftOut };
}

async function runParallel(
  context: RestoreContext,
  work: RestoreWork,
  script: MarkedScript,
  { tasks }: Extract<Stage, { readonly kind: 'parallel' }>,
  clients: readonly Client[],
): Promise<void> {
  const before = { ...script, statements: script.statements.slice(0, tasks[0]?.index) };
  for (const client of clients) await runSettings(client, before);
  const sizes = tableSizes(work);
  const step = context.progress.step(`making ${tasks.length} indexes and constraints`, {
    total: tasks.length,
    unit: 'objects',
  });
  await runTasks(tasks, {
    workers: clients,
    weightOf: ({ table }) => sizes.get(table) ?? 0,
    run: async (client, { index }) => {
      context.signal.throwIfAborted();
      await runMarkedRange(client, script, [index, index + 1]);
      step.advance(1);
    },
  });
  step.done();
}

/** Bytes of rows by table, which tell how long its indexes take. */
function tableSizes(work: RestoreWork): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { table: index, plainSize } of loadedParts(work)) {
    const table = work.source.tables[index ?? -1];
    if (table === undefined) continue;
    const name = qualifiedName(table.schema, table.name);
    sizes.set(name, (sizes.get(name) ?? 0) + plainSize);
  }
  return sizes;
}

async function openSession(url: string): Promise<Client> {
  const client = await connect({
    url,
    role: 'database being restored',
    purpose: 'restore',
    database: 'foreign',
  });
  for (const statement of ownSettings) await client.query(statement);
  return client;
}

/** An index can take hours: asked to stop, its statement is cancelled, and begun again by the next run. */
function cancelOnAbort({ signal }: RestoreContext, url: string, clients: readonly Client[]): () => void {
  const cancel = (): void => {
    const pids = clients.map((client) => (client as unknown as { readonly processID: number }).processID);
    void withConnection({ url, role: 'database being restored', database: 'foreign' }, (client) =>
      client.query('select pg_catalog.pg_cancel_backend(pid) from pg_catalog.unnest($1::int[]) pid', [pids]),
    ).catch(() => {});
  };
  signal.addEventListener('abort', cancel, { once: true });
  return () => signal.removeEventListener('abort', cancel);
}

async function serverVersion(context: RestoreContext): Promise<number> {
  return onServer(context, async (client) => {
    const { rows } = await client.query<{ version: number }>(
      `select pg_catalog.current_setting('server_version_num')::int as version`,
    );
    return rows[0]?.version ?? 0;
  });
}
