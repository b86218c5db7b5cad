import { randomBytes } from 'node:crypto';
import { audited } from '../audit/audited.ts';
import { PosternError, partial } from '../base/error.ts';
import { ExitCode } from '../base/exit-code.ts';
import type { Queryable } from '../base/postgres.ts';
import { withJobLock } from '../state/job-lock.ts';
import { requireCurrentState } from '../state/status.ts';
import { type FailedCopy, type SetCopies, setCopies } from './capture/copies.ts';
import { captureDatabase, type OpenSource, openSources } from './capture/database.ts';
import { type CommittedSet, setWriter } from './capture/set-writer.ts';
import { checkClock } from './check-clock.ts';
import { closeDeadRuns } from './close-dead-runs.ts';
import type { BackupContext } from './context.ts';
import { databaseFailure, snapshotLost } from './database-failure.ts';
import { findEmptied, giveUpLost } from './emptied-destination.ts';
import { newSetId, setFormat, setFormatVersion } from './format/layout.ts';
import type { Manifest, ManifestSource } from './format/manifest.ts';
import { warnOfEndingKeys } from './keys/ending-keys.ts';
import { beginKmsList } from './keys/kms-list.ts';
import { forgetOldObjects } from './objects/base-sets.ts';
import { captureObjects } from './objects/capture.ts';
import { shownObjects } from './objects/shown.ts';
import {
  previousSet,
  registerCommit,
  registerCompletion,
  registerCopies,
  registerFailure,
  registerRun,
} from './register.ts';
import type { BackupRunResult } from './results.ts';
import { notRegistered, stateFailure, tellingState } from './state-lost.ts';

/**
 * Backs up every database of the profile: of each one snapshot with every table, the schema, sequences, large objects
 * and the database's own settings, encrypted to every recipient, signed, chained to the set before, and committed by
 * its manifest in each destination.
 * @throws {PosternError} exit 1 (unreachable, privileges, store, schema, clock; `commit-unknown`: the store fell silent
 * at the manifest), 5 (verify before upload), 7 (whole, but not in every required destination, or not in the register),
 * 11 (another run); without a manifest in a store, there is no set in it
 */
export async function runBackup(context: BackupContext): Promise<BackupRunResult> {
  try {
    return await runLocked(context);
  } catch (error) {
    throw stateFailure(error);
  }
}

async function runLocked(configured: BackupContext): Promise<BackupRunResult> {
  const state = await configured.state();
  await requireCurrentState(state);
  return withJobLock(state, `backup ${configured.profile}`, async (client) => {
    const locked = tellingState(client);
    await checkClock(configured, locked);
    const { destinations, anew } = await findEmptied(configured, locked);
    const context = { ...configured, destinations };
    await closeDeadRuns(context, locked);
    await warnOfEndingKeys(context);
    const target = context.destinations.map(({ name }) => name).join(', ');
    const detail = anew.length === 0 ? {} : { newStores: anew.map(({ name }) => name) };
    return audited(context, { action: 'backup.run', target, detail }, async (audit) => {
      await giveUpLost(context, locked, anew);
      const { result, failures } = await writeSnapshots(context, locked);
      audit.note({
        setId: result.setId,
        manifestSha256: result.manifestSha256,
        destinations: result.destinations.map(({ name, state: copy }) => ({ name, state: copy })),
      });
      return requireEverywhere(result, failures);
    });
  });
}

/** @throws {PosternError} exit 7, `destination-lacks-set`: something is safe, and something is not */
function requireEverywhere(result: BackupRunResult, failures: readonly FailedCopy[]): BackupRunResult {
  const lacking = result.destinations.filter(({ required, state }) => required && state !== 'complete');
  if (lacking.length === 0) return result;
  const why = failures.find(({ target }) => target.destination.name === lacking[0]?.name)?.error;
  const having = result.destinations.filter(({ state }) => state === 'complete').map(({ name }) => name);
  throw partial(
    `the set ${result.setId} is whole at ${having.join(', ')}, but not, as far as is known, at ${lacking.map(({ name }) => name).join(', ')}: ${lacking[0]?.reason ?? ''}`,
    {
      code: 'destination-lacks-set',
      ...(why === undefined ? {} : { cause: why }),
      hints: [
        ...(why?.hints ?? []),
        'mend the destination, then run the backup again: the next set goes to all of them',
      ],
    },
  );
}

async function writeSnapshots(context: BackupContext, state: Queryable): Promise<WrittenSet> {
  const sources = await openSources(context);
  const lost = sources.map(({ snapshot }) => snapshot.lost);
  const signal = AbortSignal.any([context.signal, ...lost]);
  try {
    return await writeSet({ ...context, signal }, state, sources);
  } catch (error) {
    // What an interruption tears down fails in its own words.
    if (!(error instanceof PosternError)) context.signal.throwIfAborted();
    const isLost = lost.some(({ aborted }) => aborted) && !context.signal.aborted;
    throw whyStopped(error, isLost ? 'snapshot lost' : 'other');
  } finally {
    await Promise.all(sources.map(({ snapshot }) => snapshot.release()));
  }
}

/** A session that ends takes many things with it, and each fails in its own words. */
function whyStopped(error: unknown, reason: 'snapshot lost' | 'other'): unknown {
  const isDamage = error instanceof PosternError && error.exitCode === ExitCode.integrity;
  if (reason === 'snapshot lost' && !isDamage) return snapshotLost(error);
  return databaseFailure(error, 'the database stopped the backup');
}

interface WrittenSet {
  readonly result: BackupRunResult;
  readonly failures: readonly FailedCopy[];
}

async function writeSet(
  context: BackupContext,
  state: Queryable,
  sources: readonly OpenSource[],
): Promise<WrittenSet> {
  const { clock, profile } = context;
  const startedAt = clock.now();
  const setId = newSetId(startedAt, randomBytes(4).toString('hex'));
  const kmsList = context.kms === undefined ? undefined : await beginKmsList(context.kms, { setId, profile });
  const previous = await previousSet(state, profile);
  const copies = setCopies(context.destinations, startedAt, {
    now: () => clock.now(),
    progress: context.progress,
    ...(context.objects === undefined ? {} : { objectsLonger: context.objects.fullEvery }),
  });
  await registerRun(state, { setId, profile, startedAt, previousSetId: previous?.setId });
  await registerCopies(state, setId, copies.targets);
  const writer = setWriter(context, setId, copies, kmsList);
  let result: BackupRunResult;
  try {
    const captured: ManifestSource[] = [];
    for (const source of sources) captured.push(await captureDatabase(context, source, writer));
    // What was given up by now gets nothing, so nothing there can be built upon.
    const destinations = copies.live().map(({ destination }) => destination);
    const objects = await captureObjects(
      { ...context, destinations },
      { setId, startedAt, state, sources, writer },
    );
    const finishedAt = clock.now();
    const manifest: Manifest = {
      format: setFormat,
      version: setFormatVersion,
      setId,
      profile,
      tool: context.tool,
      startedAt: startedAt.toISOString(),
      finishedAt: finishedAt.toISOString(),
      sources: captured,
      previous: previous ?? null,
      recipients: context.recipients.map(({ fingerprint }) => fingerprint),
      signer: context.signer.fingerprint,
      files: writer.files.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      keyrings: writer.keyrings.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      objects,
    };
    const committed = await writer.commit(manifest, (manifestSha256) =>
      registerCommit(state, setId, { manifestSha256, keyrings: writer.keyrings.length }),
    );
    result = resultOf(context, manifest, committed, copies);
  } catch (error) {
    const open = copies.failures().filter(({ has }) => has === 'unknown');
    await registerFailure(
      state,
      setId,
      clock.now(),
      open.map(({ target }) => target.destination.name),
    ).catch(() => {});
    if (error instanceof PosternError && open.length === 0)
      context.progress.detail(`the set ${setId} was not committed; parts of it may be in the stores`);
    throw error;
  }
  // From here on there is a set, and no error may say that there is none.
  try {
    await registerCompletion(state, copies, { ...result, finishedAt: new Date(result.finishedAt) });
    if (result.objects?.mode === 'full') await forgetOldObjects(state, profile);
  } catch (error) {
    throw notRegistered(
      setId,
      copies.live().map(({ destination }) => destination.name),
      error,
    );
  }
  return { result, failures: copies.failures() };
}

function resultOf(
  context: BackupContext,
  manifest: Manifest,
  { manifestSha256, bytes }: CommittedSet,
  copies: SetCopies,
): BackupRunResult {
  const { setId, startedAt, finishedAt, files, keyrings, sources } = manifest;
  const live = copies.live();
  return {
    setId,
    startedAt,
    finishedAt,
    seconds: (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000,
    destinations: context.destinations.map(({ name, store, prefix, required }) => {
      const target = live.find(({ destination }) => destination.name === name);
      const failed = copies.failures().find(({ target: { destination } }) => destination.name === name);
      return {
        name,
        location: `${store.location}/${prefix}${setId}`,
        required,
        state: target === undefined ? 'failed' : 'complete',
        lockedUntil: target?.lockUntil?.toISOString() ?? null,
        objectsLockedUntil:
          manifest.objects === null ? null : (target?.objectsLockUntil?.toISOString() ?? null),
        reason: failed?.error.message ?? null,
      };
    }),
    sources: sources.map(({ name, database, tables, largeObjects, keyring, schemaDump }) => ({
      name,
      database,
      tables: tables.length,
      rows: tables.reduce((sum, { rows }) => sum + rows, 0),
      largeObjects: largeObjects.rows,
      wrappedKeys: keyring.reduce((sum, { rows }) => sum + rows, 0),
      schemaDump,
    })),
    tables: sources.reduce((sum, { tables }) => sum + tables.length, 0),
    rows: sources.reduce((sum, { tables }) => sum + tables.reduce((rows, table) => rows + table.rows, 0), 0),
    files: files.length + keyrings.length,
    plainBytes: [...files, ...keyrings].reduce((sum, { plainSize }) => sum + plainSize, 0),
    bytes: bytes + keyrings.reduce((sum, { size }) => sum + size, 0),
    manifestSha256,
    previousSetId: manifest.previous?.setId ?? null,
    objects: manifest.objects === null ? null : shownObjects(manifest.objects),
    recipients: manifest.recipients,
  };
}
