import { randomUUID } from 'node:crypto';
import { readCatalog } from '../../platform/catalog/index.ts';
import { canonicalName, formatName, type ModelTable } from '../../platform/map/index.ts';
import { requireAllRows } from '../../platform/rights.ts';
import { type Archive, openArchive, type PublishedPart } from '../export/archive/archive.ts';
import { unwritable } from '../export/export.ts';
import type { Masking } from '../export/masking.ts';
import { exportTable } from '../export/row/export-table.ts';
import { tableTask } from '../export/row/table-task.ts';
import type { ExportContext, ExportOptions } from '../export/task.ts';
import { personGraph } from '../graph/person-graph.ts';
import { unknownTenant } from './plan-offboard.ts';
import type { TenantReturn } from './results.ts';
import { tenantSql } from './tenant-sql.ts';

export interface ReturnContext extends Omit<ExportContext, 'sign'> {
  /** Signs a manifest's digest: the envelope's text. Undefined where nobody is configured to. */
  readonly sign: (
    manifestSha256: string,
    about: { exportId: string; part: number },
  ) => Promise<string | undefined>;
}

export interface ReturnOptions
  extends Pick<ExportOptions, 'folder' | 'fileName' | 'sealedFor' | 'splitAt' | 'mailForm'> {
  readonly tenant: string;
}

export interface ReturnedTenant extends Omit<TenantReturn, 'archives' | 'encryptedFor'> {
  readonly archives: readonly PublishedPart[];
}

/**
 * Writes all that a tenant has into an archive for its controller, from one state of the database, and reads it back:
 * also what a law keeps. Secrets and keys never come into it. Nothing is left where it fails.
 * @throws {PosternError} exit 2 `tenant-unknown`, `out-exists`; exit 1 `archive-unwritable`; exit 6 `row-security`; as `openArchive`
 */
export async function returnTenant(context: ReturnContext, options: ReturnOptions): Promise<ReturnedTenant> {
  const { db, map, signal } = context;
  await db.query('begin isolation level repeatable read read only');
  await db.query('set local statement_timeout = 0');
  const graph = personGraph(map);
  const { relations } = await readCatalog(db);
  const task = {
    graph,
    relations: new Map(relations.map((one) => [formatName(one.schema, one.name), one])),
    tenant: options.tenant,
  };
  const mapped = [...graph.model.tables.values()].filter((table) => tenantSql(task, table) !== undefined);
  await requireAllRows(
    db,
    mapped.map(({ name }) => name),
  );
  const exportId = randomUUID();
  const archive = await openArchive({
    ...options,
    at: context.at,
    signal,
    manifestHead: {
      format: 'urn:postern:format:tenant-return:v1',
      export: exportId,
      tenant: options.tenant,
      madeAt: context.at.toISOString(),
      madeBy: context.tool,
    },
    overview: 'tables.json',
    sign: (sha256, part) => context.sign(sha256, { exportId, part }),
  }).catch((error: unknown) => {
    throw unwritable(error);
  });
  try {
    const keyrings = new Set(Object.keys(map.keyrings ?? {}).map(canonicalName));
    const left: TenantReturn['left'][number][] = [];
    const tables: TenantReturn['tables'][number][] = [];
    const missing: TenantReturn['missing'][number][] = [];
    for (const table of graph.model.tables.values()) {
      signal.throwIfAborted();
      context.onTable?.(table.name);
      const where = tenantSql(task, table);
      const why = whyLeft(table, where, keyrings);
      if (where === undefined || why !== undefined) {
        left.push({ table: table.name, why: why ?? 'of no tenant, by the data map' });
        continue;
      }
      const one = await returnTable(context, options, archive, { table, where, graph });
      if (one.rows > 0)
        tables.push({ table: table.name, rows: one.rows, messages: one.messages, objects: one.objects });
      missing.push(...one.missing);
    }
    if (tables.length === 0) throw unknownTenant(options.tenant);
    await db.query('commit');
    await archive.add('tables.json', `${JSON.stringify({ tables, left, missing }, undefined, 2)}\n`);
    context.onWritten?.();
    await archive.prove();
    return { exportId, archives: await archive.publish(), tables, left, missing };
  } catch (error) {
    await archive.abandon();
    throw unwritable(error);
  }
}

function whyLeft(
  { name }: ModelTable,
  where: string | undefined,
  keyrings: ReadonlySet<string>,
): string | undefined {
  if (keyrings.has(name)) return 'keys that encrypt';
  return where === undefined ? 'of no tenant, by the data map' : undefined;
}

type Returned = TenantReturn['tables'][number] & Pick<TenantReturn, 'missing'>;

async function returnTable(
  context: ReturnContext,
  { mailForm, splitAt }: ReturnOptions,
  archive: Archive,
  { table, where, graph }: { table: ModelTable; where: string; graph: ReturnType<typeof personGraph> },
): Promise<Returned> {
  const task = await tableTask(context.db, graph, table, where);
  const { rows, messages, objects, missing } = await exportTable(
    {
      ...context,
      archive,
      masking: nothingMasked,
      mailForm,
      rollAt: splitAt === undefined ? undefined : Math.floor(splitAt / 2),
      onRow: () => context.onRow?.(),
    },
    task,
  );
  const sealed = rows === 0 ? [] : task.left.filter(({ sealed: isSealed }) => isSealed);
  for (const { column, why } of sealed)
    await archive.note('notExported', { table: table.name, field: column, why });
  return {
    table: table.name,
    rows,
    messages,
    objects,
    missing: [
      ...[...missing].map(([why, count]) => ({ table: table.name, why, count })),
      ...sealed.map(({ column }) => ({ table: `${table.name}.${column}`, why: 'sealed', count: rows })),
    ],
  };
}

/** The controller answers for all of these data: nothing of them is hidden from it. */
const nothingMasked: Masking = {
  counts: new Map(),
  disclosed: 0,
  isPerson: () => true,
  mask: () => undefined,
  settle: () => Promise.resolve(),
};
