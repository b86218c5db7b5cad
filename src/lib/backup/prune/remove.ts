import { failure, refused } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import type { StepJournal } from '../../operation/plan-kind.ts';
import { fileName } from '../format/layout.ts';
import type { PruneContext, PrunedDestination } from './context.ts';
import { goesWithSet, newestReason } from './decide.ts';
import { foldersOf, type PruneEntry } from './entries.ts';
import { probeAge } from './inventory.ts';
import { setsNeededBy } from './needed-by.ts';
import {
  type PassedChecks,
  passedChecks,
  registeredCopies,
  registerKeyringPruning,
  registerPruning,
} from './register.ts';
import { deleteVersions, findLock, listFolders, sumOf } from './versions.ts';

/** What a step works with; the caller holds the profile's backup lock, so no run is alive. */
export interface RemovalStep {
  readonly context: PruneContext;
  readonly destination: PrunedDestination;
  /** The session that holds the lock. */
  readonly state: Queryable;
  readonly journal: StepJournal;
  /** As planned. */
  readonly entries: readonly PruneEntry[];
}

/** Removes a complete set, its manifest first: half removed it is no set, rather than one that does not restore. */
export async function removeSet(step: RemovalStep, entry: PruneEntry): Promise<JsonObject> {
  const { destination, state, journal } = step;
  const { setId } = entry;
  const manifest = `${destination.prefix}${setId}/${fileName.manifest}`;
  const found = await listFolders(destination.store, foldersOf(destination, entry));
  const manifests = found.filter(({ key }) => key === manifest);
  const copy = { setId, destination: destination.name };
  if (manifests.length > 0) {
    const why = await whyNot(step, setId, [...manifests, ...found]);
    if (why !== undefined) {
      await registerPruning(state, copy, 'complete');
      return why;
    }
  }
  await rememberSize(journal, found);
  await registerPruning(state, copy, 'pruned');
  // The oldest version first: what a delete marker hides does not come to light for a moment.
  const retained = await deleteVersions(destination.store, manifests.toReversed(), () => goOn(step));
  if (retained.length > 0) {
    await registerPruning(state, copy, 'complete');
    return { outcome: 'retained', lockedUntil: null };
  }
  return removeFound(
    step,
    entry,
    found.filter(({ key }) => key !== manifest),
  );
}

/** Removes what a run left that made no set. */
export async function removeParts(step: RemovalStep, entry: PruneEntry): Promise<JsonObject> {
  const { destination } = step;
  if (await hasManifest(step, entry.setId)) return { outcome: 'kept', reason: 'it has a manifest by now' };
  const found = await listFolders(destination.store, foldersOf(destination, entry));
  return removeUnlocked(step, entry, found);
}

/** Removes the wrapped keys of a set. */
export async function removeKeyring(step: RemovalStep, entry: PruneEntry): Promise<JsonObject> {
  const { context, destination, state } = step;
  if (entry.reasons.includes(goesWithSet) && (await hasManifest(step, entry.setId)))
    return { outcome: 'kept', reason: 'its set is still there' };
  const found = await listFolders(destination.store, foldersOf(destination, entry));
  const result = await removeUnlocked(step, entry, found);
  if (result['outcome'] === 'removed') {
    const at = context.clock.now();
    await registerKeyringPruning(state, { setId: entry.setId, destination: destination.name, at });
  }
  return result;
}

/** Removes probes of earlier days; those that are still locked stay. */
export async function removeProbes(step: RemovalStep): Promise<JsonObject> {
  const { context, destination, journal } = step;
  const all = await listFolders(destination.store, [`${destination.prefix}probe/`]);
  const now = context.clock.now().getTime();
  const found = all.filter(({ modified }) => now - modified.getTime() >= probeAge);
  await rememberSize(journal, found);
  const retained = await deleteVersions(destination.store, found, () => goOn(step));
  return removedBut(journal, sumOf(retained));
}

async function removeUnlocked(
  step: RemovalStep,
  entry: PruneEntry,
  found: Awaited<ReturnType<typeof listFolders>>,
): Promise<JsonObject> {
  const until = await findLock(step.destination.store, found, step.context.clock.now());
  if (until !== undefined) return { outcome: 'retained', lockedUntil: until.toISOString() };
  await rememberSize(step.journal, found);
  return removeFound(step, entry, found);
}

/** Deletes, looks again, and tells what is gone since the step first began. */
async function removeFound(
  step: RemovalStep,
  entry: PruneEntry,
  found: Awaited<ReturnType<typeof listFolders>>,
): Promise<JsonObject> {
  const { destination, journal } = step;
  const retained = await deleteVersions(destination.store, found, () => goOn(step));
  const left = sumOf(await listFolders(destination.store, foldersOf(destination, entry)));
  if (left.versions > retained.length) {
    throw failure(
      `${left.versions - retained.length} object versions of ${entry.setId} are still there after they were deleted`,
      { code: 'prune-not-gone', hints: ['look whether somebody writes there; then apply the plan again'] },
    );
  }
  return removedBut(journal, left);
}

/** What is gone since the step first began, where this much is left. */
function removedBut(journal: StepJournal, left: ReturnType<typeof sumOf>): JsonObject {
  const before = sizeIn(journal);
  return {
    outcome: 'removed',
    versions: before.versions - left.versions,
    retained: left.versions,
    bytes: before.bytes - left.bytes,
  };
}

/** What stands against removing a set by now; its manifest is asked about first, since a lock is nearly always on all. */
async function whyNot(
  step: RemovalStep,
  setId: string,
  versions: Awaited<ReturnType<typeof listFolders>>,
): Promise<JsonObject | undefined> {
  const reason = await whyKept(step, setId);
  if (reason !== undefined) return { outcome: 'kept', reason };
  const until = await findLock(step.destination.store, versions, step.context.clock.now());
  return until && { outcome: 'retained', lockedUntil: until.toISOString() };
}

/**
 * Why a set must not go any more, which may have changed since the plan was made.
 * @throws {PosternError} exit 6 `prune-newest-missing`: what the plan relied upon is gone
 */
async function whyKept(step: RemovalStep, setId: string): Promise<string | undefined> {
  const { context, destination, state, entries } = step;
  const kept = entries.filter(({ what, action }) => what === 'set' && action === 'keep');
  for (const newest of kept.filter(({ reasons }) => reasons.includes(newestReason))) {
    if (await hasManifest(step, newest.setId)) continue;
    throw refused(`the set ${newest.setId} is gone, which was the newest when the plan was made`, {
      code: 'prune-newest-missing',
      hints: ['find out who removed it; nothing more is pruned by this plan'],
    });
  }
  const { verified, drilled } = await passedChecks(state, context.profile, destination.name);
  if (await isFirstThere(step, verified, setId)) return 'it is the newest that was verified by now';
  if (await isFirstThere(step, drilled, setId)) return 'it is the last that a drill restored by now';
  const by = (await neededNow(step, setId)).get(setId);
  return by === undefined ? undefined : `${by} needs it by now`;
}

/** Whether it is the first of them that is still there. */
async function isFirstThere(
  step: RemovalStep,
  sets: PassedChecks['verified'],
  setId: string,
): Promise<boolean> {
  for (const passed of sets) {
    if (passed.setId === setId) return true;
    if (await hasManifest(step, passed.setId)) return false;
  }
  return false;
}

/** What the sets need that stay, and those that are still there although they were to go. */
async function neededNow(
  { context, destination, state, entries }: RemovalStep,
  setId: string,
): Promise<ReadonlyMap<string, string>> {
  const going = new Set(entries.filter(({ action }) => action === 'remove').map((entry) => entry.setId));
  const register = await registeredCopies(state, context.profile, destination.name);
  // Sets are removed from the newest on: of the younger ones, those that are still whole have stayed.
  const whole = [...register.values()].filter(
    (copy) => copy.copyState === 'complete' && (!going.has(copy.setId) || copy.setId > setId),
  );
  const planned = entries.filter(({ what, action }) => what === 'set' && action !== 'remove');
  const staying = new Set([...whole, ...planned].map((set) => set.setId));
  return setsNeededBy(state, context.profile, [...staying], [...staying, setId]);
}

async function hasManifest({ destination }: RemovalStep, setId: string): Promise<boolean> {
  const manifest = `${destination.prefix}${setId}/${fileName.manifest}`;
  const found = await listFolders(destination.store, [manifest]);
  return found.some(({ key, isDeleteMarker }) => key === manifest && !isDeleteMarker);
}

/** What was there when the step first began; a step that is done again counts from the same. */
async function rememberSize(
  journal: StepJournal,
  found: Awaited<ReturnType<typeof listFolders>>,
): Promise<void> {
  if (journal.lastCheckpoint === undefined) await journal.checkpoint(sumOf(found));
}

function sizeIn({ lastCheckpoint }: StepJournal): { readonly versions: number; readonly bytes: number } {
  const { versions, bytes } = lastCheckpoint as { readonly versions: number; readonly bytes: number };
  return { versions, bytes };
}

/** Between two batches: whether it may go on, and whether the plan's lock still holds. */
async function goOn({ context, journal }: RemovalStep): Promise<void> {
  context.signal.throwIfAborted();
  await journal.checkpoint(sizeIn(journal));
}
