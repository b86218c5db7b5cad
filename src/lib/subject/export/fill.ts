import { failure } from '../../base/error.ts';
import { sqlState } from '../../base/postgres.ts';
import type { ModelTable } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { ownedSql } from '../find/owned-sql.ts';
import type { Resolved, Resolving } from '../find/resolve.ts';
import type { Archive } from './archive/archive.ts';
import { type FactsDocument, rights, tableFacts } from './facts.ts';
import type { Masking } from './masking.ts';
import { type Mention, mentionsIn } from './mentions.ts';
import { type ExportSummary, exportPage } from './page.ts';
import { planTables } from './plan-tables.ts';
import { exportTable } from './row/export-table.ts';
import { literals } from './row/row-query.ts';
import { tableTask } from './row/table-task.ts';
import type { ExportContext, ExportOptions } from './task.ts';

/** @returns exit 1, `nobody-found` */
export const nobodyFound = (): Error =>
  failure('nobody of this name was found, so there is nothing to export', {
    code: 'nobody-found',
    hints: ['`postern subject find` shows what the platform holds of whom'],
  });

/** What filling an archive works with. */
interface Work {
  readonly context: ExportContext;
  readonly options: ExportOptions;
  readonly resolving: Resolving;
  readonly resolved: Resolved;
  readonly archive: Archive;
  readonly masks: Masking;
  readonly exportId: string;
}

/**
 * Writes everything into the archive but its manifest, and ends the transaction.
 * @throws {PosternError} exit 1, `nobody-found`
 */
export async function fillArchive(work: Work): Promise<ExportSummary> {
  const { context, options, resolving, archive, masks, exportId } = work;
  const { graph } = resolving;
  const { set } = options;
  const missing: { table: string; why: string; count: number }[] = [];
  const where = new Map<ModelTable, string>();
  for (const table of graph.model.tables.values()) {
    const owned = whereOwned(work, table);
    if (owned !== undefined) where.set(table, owned);
  }
  const planned = planTables(graph, [...where.keys()], set);
  const tables: ExportSummary['tables'][number][] = [];
  for (const table of planned.exported) {
    await inSavepoint(work, table, missing, async () => {
      const task = await tableTask(context.db, graph, table, where.get(table) ?? 'false');
      const exported = await exportTable(
        {
          ...context,
          archive,
          masking: masks,
          mailForm: options.mailForm,
          rollAt: options.splitAt === undefined ? undefined : Math.floor(options.splitAt / 2),
          onRow: () => context.onRow?.(),
        },
        task,
      );
      for (const [why, count] of exported.missing) missing.push({ table: table.name, why, count });
      const sealed = exported.rows === 0 ? [] : task.left.filter(({ sealed: isSealed }) => isSealed);
      for (const { column, why } of sealed) {
        missing.push({ table: `${table.name}.${column}`, why: 'sealed', count: exported.rows });
        await archive.note('notExported', { table: table.name, field: column, why });
      }
      const whose = table.entry.ownership === 'shared' ? 'shared' : 'own';
      const facts = tableFacts(context.map, table, whose, exported.rows);
      if (exported.rows > 0) tables.push({ task, exported, facts });
    });
  }
  const mentions = set === 'access' ? await allMentions(work, missing) : [];
  if (tables.length === 0 && mentions.length === 0 && missing.length === 0) throw nobodyFound();
  await context.db.query('commit');
  const summary: ExportSummary = {
    set,
    exportId,
    madeAt: context.at,
    madeBy: context.tool,
    tables,
    mentions,
    masked: [...masks.counts].map(([kind, count]) => ({ kind, count })),
    disclosed: masks.disclosed,
    missing,
    left: planned.left,
  };
  if (set === 'access') await archive.add('facts.json', asJson(factsDocument(summary)));
  if (set === 'access') await archive.add('mentions.json', asJson(mentions.map(({ mention }) => mention)));
  await archive.add('index.html', await exportPage(summary));
  return summary;
}

/** SQL: the person's rows of a table; undefined where there can be none. */
function whereOwned({ resolving, resolved, options }: Work, table: ModelTable): string | undefined {
  const owned = ownedSql({ graph: resolving.graph, roots: resolved.roots, add: literals }, table, 't');
  if (owned === undefined || options.tenant === undefined || table.entry.tenant === undefined) return owned;
  return `${owned} and t.${quoteIdentifier(table.entry.tenant)}::text = ${literals(options.tenant)}`;
}

async function allMentions(
  work: Work,
  missing: { table: string; why: string; count: number }[],
): Promise<
  readonly { readonly mention: Mention; readonly facts: ExportSummary['mentions'][number]['facts'] }[]
> {
  const { context, resolving, resolved } = work;
  const mentions: { mention: Mention; facts: ExportSummary['mentions'][number]['facts'] }[] = [];
  for (const table of resolving.graph.model.tables.values()) {
    await inSavepoint(work, table, missing, async () => {
      const mention = await mentionsIn(context.db, resolving, resolved, table);
      if (mention === undefined) return;
      mentions.push({ mention, facts: tableFacts(context.map, table, 'mention', mention.rows) });
    });
  }
  return mentions;
}

/** A table that cannot be read does not hinder the others. */
async function inSavepoint(
  { context: { db, signal, onTable }, archive }: Work,
  { name }: ModelTable,
  missing: { table: string; why: string; count: number }[],
  work: () => Promise<void>,
): Promise<void> {
  signal.throwIfAborted();
  onTable?.(name);
  await db.query('savepoint before_table');
  try {
    await work();
  } catch (error) {
    signal.throwIfAborted();
    if (sqlState(error) === undefined) throw error;
    await db.query('rollback to before_table');
    // Once in the count, however often it was tried.
    if (missing.some(({ table, why }) => table === name && why === 'unreadable')) return;
    missing.push({ table: name, why: 'unreadable', count: 1 });
    await archive.note('notExported', { table: name, why: 'unreadable' });
  }
}

function factsDocument({ set, madeAt, tables, mentions }: ExportSummary): FactsDocument {
  return {
    set,
    madeAt: madeAt.toISOString(),
    tables: [...tables, ...mentions].map(({ facts }) => facts),
    rights,
  };
}

const asJson = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
