import { refused } from '../../base/error.ts';
import { currentHolds } from '../erase/holds.ts';
import type { HoldMatcher } from '../hold/index.ts';
import { hashesToFind } from '../name-hash/index.ts';
import { readSuppressed } from '../objection/store.ts';
import type { RectifyContext } from './context.ts';
import type { Correction } from './correction.ts';

/**
 * The holds on single rows, which keep them as they are; undefined where there is none.
 * @throws {PosternError} exit 6, `subject-held`: what a hold on the person keeps is evidence as it stands, and under a new
 * name the hold might not know it
 */
export async function rowHolds(
  context: RectifyContext,
  { resolved }: Pick<Correction, 'resolved'>,
): Promise<HoldMatcher | undefined> {
  const holds = await currentHolds(context, await context.map());
  const [first] = holds?.ofPerson(resolved.known) ?? [];
  if (first === undefined) return holds;
  throw refused(`hold ${first.number} keeps what there is of this person as it is`, {
    code: 'subject-held',
    hints: ['`postern hold release` ends it, once its case is closed'],
  });
}

/** Channels on whose list the old name stands: senders look for the new one in vain. */
export async function objectedChannels(
  context: RectifyContext,
  { change, resolving }: Correction,
): Promise<string[]> {
  if (change.kind === 'field') return [];
  const theirs = hashesToFind(await context.hasher(), 'suppression', resolving.graph.identities, change.old);
  const list = await readSuppressed(await context.state(), context.profile);
  return [...new Set(list.filter(({ hash }) => theirs.has(hash)).map(({ channel }) => channel))].toSorted();
}
