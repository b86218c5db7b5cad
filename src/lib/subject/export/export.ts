import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, PosternError, refused } from '../../base/error.ts';
import { fileProblem } from '../../base/file-problem.ts';
import { type Client, sqlState } from '../../base/postgres.ts';
import type { DataMap, ModelTable } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { ownedSql } from '../find/owned-sql.ts';
import type { Resolved, Resolving } from '../find/resolve.ts';
import { resolveWho } from '../find/who.ts';
import { type Archive, openArchive, type PublishedPart } from './archive/archive.ts';
import type { SealedFor } from './archive/seal.ts';
import { unfinishedName } from './archive/unfinished.ts';
import { type FactsDocument, rights, tableFacts } from './facts.ts';
import { type Masking, masking } from './masking.ts';
import { type Mention, mentionsIn } from './mentions.ts';
import type { MailForm } from './message/mail-files.ts';
import { type ExportSummary, exportPage } from './page.ts';
import { type ExportSet, planTables } from './plan-tables.ts';
import type { Decision } from './review/item.ts';
import { openReview, type Review } from './review/review.ts';
import { exportTable } from './row/export-table.ts';
import type { OpenBucket } from './row/objects.ts';
import { literals } from './row/row-query.ts';
import type { DataKeyOf } from './row/sealed.ts';
import { tableTask } from './row/table-task.ts';

export interface ExportContext {
  /** A reading session of the platform database, of which nobody else has use meanwhile. */
  readonly db: Client;
  readonly map: DataMap;
  readonly openBucket: OpenBucket;
  readonly dataKeyOf: DataKeyOf;
  /** `postern 0.1.0` */
  readonly tool: string;
  readonly at: Date;
  readonly signal: AbortSignal;
  /** Signs a manifest's digest: the envelope's text. Undefined where nobody is configured to. */
  readonly sign: (manifestSha256: string, about: SignedPart) => Promise<string | undefined>;
  readonly onTable?: (table: string) => void;
  readonly onRow?: () => void;
  /** Told when everything was written, before it is read back. */
  readonly onWritten?: () => void;
}

export interface SignedPart {
  readonly exportId: string;
  readonly set: ExportSet;
  readonly part: number;
}

export interface ExportOptions {
  /** An address, or `subject.identity=value`; all of one person. */
  readonly who: readonly string[];
  readonly tenant: string | undefined;
  readonly set: ExportSet;
  readonly folder: string;
  readonly fileName: (part: number | undefined) => string;
  /** Where items wait that a person has to decide on. */
  readonly reviewPath: string;
  readonly decisions: ReadonlyMap<string, Decision>;
  readonly sealedFor: SealedFor;
  readonly splitAt: number | undefined;
  readonly mailForm: MailForm;
  /** Why blind copies to others are given out; undefined masks them. */
  readonly discloseBcc: string | undefined;
}

export interface ExportedPerson {
  readonly exportId: string;
  readonly archives: readonly PublishedPart[];
  readonly summary: ExportSummary;
  readonly review: { readonly open: number; readonly used: number };
  readonly names: number;
}

/**
 * Writes what the platform holds of a person into an archive, from one state of the database. Nothing is left where it
 * fails.
 * @throws {PosternError} exit 1 `nobody-found`, `archive-unwritable`; exit 6 `subject-ambiguous`; as `resolveWho` and `openArchive`
 */
export async function exportPerson(context: ExportContext, options: ExportOptions): Promise<ExportedPerson> {
  const { db, map, signal } = context;
  await db.query('begin isolation level repeatable read read only');
  const { resolving, resolved } = await resolveWho(db, map, { ...options, signal });
  requireOnePerson(resolved, options);
  const exportId = randomUUID();
  const review = await openReview(options.folder, options.decisions).catch((error: unknown) => {
    throw unwritable(error);
  });
  let archive: Archive | undefined;
  try {
    archive = await openArchive({
      ...options,
      at: context.at,
      signal,
      manifestHead: {
        format: 'urn:postern:format:subject-export:v1',
        export: exportId,
        set: options.set,
        madeAt: context.at.toISOString(),
        madeBy: context.tool,
      },
      sign: (sha256, part) => context.sign(sha256, { exportId, set: options.set, part }),
    });
    const masks = masking({
      archive,
      review,
      identities: resolving.graph.identities.values(),
      known: resolved.known,
      discloseBcc: options.discloseBcc,
    });
    const summary = await fill({ context, options, resolving, resolved, archive, masks, exportId });
    context.onWritten?.();
    const archives = await finish(archive, review, options);
    const names = [...resolved.known.values()].reduce((sum, { size }) => sum + size, 0);
    return { exportId, archives, summary, review: { open: review.open, used: review.used }, names };
  } catch (error) {
    await archive?.abandon();
    throw unwritable(error);
  } finally {
    await review.close();
  }
}

/** The review file first: an archive without it would lack what nobody could decide on. */
async function finish(
  archive: Archive,
  review: Review,
  { folder, reviewPath }: ExportOptions,
): Promise<readonly PublishedPart[]> {
  await archive.prove();
  if (review.open > 0) await review.write(reviewPath, join(folder, unfinishedName()));
  try {
    return await archive.publish();
  } catch (error) {
    if (review.open > 0) await rm(reviewPath, { force: true });
    throw error;
  }
}

/** What a disk or a folder says, as what it means here; anything else as it is. */
function unwritable(error: unknown): unknown {
  const isDisk =
    error instanceof Error &&
    !(error instanceof PosternError) &&
    ['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EFBIG', 'EIO', 'ENOENT', 'ENOTSUP'].includes(
      String((error as NodeJS.ErrnoException).code),
    );
  if (!isDisk) return error;
  return failure(`the archive cannot be written: ${fileProblem(error)}`, {
    code: 'archive-unwritable',
    cause: error,
    hints: ['nothing was kept; give --out a folder with room, on a file system that has hard links'],
  });
}

function requireOnePerson({ roots }: Resolved, { set }: ExportOptions): void {
  const places = roots.map(({ table, tenant }) => JSON.stringify([table, tenant]));
  if (new Set(places).size < places.length) {
    throw refused('the names lead to several persons, and nothing of them was exported', {
      code: 'subject-ambiguous',
      hints: [
        `they are ${roots.map(({ table, key }) => `${table} ${key.join(', ')}`).join('; ')}`,
        'name one by subject.identity=value, or give --tenant; `postern subject find` shows more',
      ],
    });
  }
  if (roots.length === 0 && set === 'portability') throw nobodyFound();
}

const nobodyFound = (): Error =>
  failure('nobody of this name was found, so there is nothing to export', {
    code: 'nobody-found',
    hints: ['`postern subject find` shows what the platform holds of whom'],
  });

interface Work {
  readonly context: ExportContext;
  readonly options: ExportOptions;
  readonly resolving: Resolving;
  readonly resolved: Resolved;
  readonly archive: Archive;
  readonly masks: Masking;
  readonly exportId: string;
}

async function fill(work: Work): Promise<ExportSummary> {
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
