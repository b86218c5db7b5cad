import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, PosternError, refused } from '../../base/error.ts';
import { fileProblem } from '../../base/file-problem.ts';
import { separatePersons } from '../find/one-person.ts';
import type { Resolved, Resolving } from '../find/resolve.ts';
import { shownKey } from '../find/shown-key.ts';
import { resolveWho } from '../find/who.ts';
import { type Archive, openArchive, type PublishedPart } from './archive/archive.ts';
import { unfinishedName } from './archive/unfinished.ts';
import { fillArchive, nobodyFound } from './fill.ts';
import { masking } from './masking.ts';
import type { ExportSummary } from './page.ts';
import { openReview, type Review } from './review/review.ts';
import type { ExportContext, ExportOptions } from './task.ts';

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
  requireOnePerson(resolving, resolved, options);
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
      overview: 'index.html',
      sign: (sha256, part) => context.sign(sha256, { exportId, set: options.set, part }),
    });
    const masks = masking({
      archive,
      review,
      identities: resolving.graph.identities.values(),
      known: resolved.known,
      discloseBcc: options.discloseBcc,
    });
    const summary = await fillArchive({ context, options, resolving, resolved, archive, masks, exportId });
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
export function unwritable(error: unknown): unknown {
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

/** Two tenants included, as for an erasure: an alias that both have would hand one person's mail to another. */
function requireOnePerson(
  { graph }: Resolving,
  { roots }: Resolved,
  { set, onePerson }: ExportOptions,
): void {
  const persons = separatePersons(graph, roots);
  if (!onePerson && new Set(persons.map(({ table }) => table)).size < persons.length) {
    throw refused('the names lead to several persons, and nothing of them was exported', {
      code: 'subject-ambiguous',
      hints: [
        `they are ${roots.map((root) => `${root.table} ${shownKey(graph.model.tables.get(root.table), root).join(', ')}`).join('; ')}`,
        'name one by subject.identity=value, or give --tenant; `postern subject find` shows more',
        'where several share a name, as that of an office, say so by --shared NAME; where all of the rows are one person, by --one-person',
      ],
    });
  }
  if (roots.length === 0 && set === 'portability') throw nobodyFound();
}
