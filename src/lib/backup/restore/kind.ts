import { audited } from '../../audit/audited.ts';
import { PosternError } from '../../base/error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { type PlanProgress, progressOf, readJournal } from '../../operation/journal.ts';
import { type Plan, planInputs } from '../../operation/plan.ts';
import type { PlanKind } from '../../operation/plan-kind.ts';
import { precondition } from '../../operation/staleness.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { recordCheck } from '../check-record.ts';
import { databaseFailure } from '../database-failure.ts';
import { readDueErasures, replayDueErasures } from '../erasure/replay.ts';
import { fileName } from '../format/layout.ts';
import { openSignedSet } from '../read-set.ts';
import { certifyRestore } from './certify.ts';
import { onServer } from './closed-database.ts';
import type { RestoreContext } from './context.ts';
import { restoreObjectsTo } from './objects-to.ts';
import { isStillClosed, openDatabase } from './open-database.ts';
import { openPlannedWork, openSource, plannedName } from './opened-set.ts';
import { restoreInputs, restoreSteps } from './plan-restore.ts';
import { askServer } from './preflight.ts';
import { databaseStep } from './steps.ts';
import type { RestoreWork } from './work.ts';

export const backupRestore: PlanKind<RestoreContext> = {
  kind: 'backup.restore',
  danger: 'moderate',
  target: async (context, plan) => {
    const { database } = planInputs(plan, restoreInputs);
    const { systemIdentifier } = await onServer(context, (client) => askServer(client, database));
    return { systemIdentifier, database };
  },
  preconditions: async (context, plan) => {
    const { setId, source, database, erasures } = planInputs(plan, restoreInputs);
    const set = await openSignedSet(context.sets, setId);
    const { hasDatabase } = await onServer(context, (client) => askServer(client, database));
    // Known too late, it would be after hours of loading.
    if (erasures === 'replay') await readDueErasures(context, await openSource(context, setId, source));
    return [
      precondition('manifest of the set', set.sums.get(fileName.manifest) ?? ''),
      precondition('database is absent', !hasDatabase),
    ];
  },
  applyStep: async (context, plan, index) => {
    const step = restoreSteps[index];
    if (step === undefined) throw new Error(`a restore has no step ${index}`);
    context.progress.detail(plan.body.steps[index]?.summary ?? step);
    try {
      const work = await openPlannedWork(context, plan);
      if (step === 'open') return await open(context, plan, work);
      if (step === 'objects') return await restoreMailObjects(context, plan, work);
      if (step === 'erasures' && work.erasures === 'skip') return await skipErasures(context, plan, work);
      return await databaseStep[step](context, work);
    } catch (error) {
      if (error instanceof PosternError && error.exitCode === ExitCode.integrity)
        await recordRestore(context, plan, 'failed');
      throw databaseFailure(error, 'the server stopped the restore');
    }
  },
  certify: async (_context, plan, results) => certifyRestore(plan, results),
  leftovers: async (context, plan) => {
    const name = plannedName(plan);
    if (!(await isStillClosed(context, name))) return [];
    return [
      `the plan leaves the closed database ${name}, which nobody uses; to remove it: DROP DATABASE ${quoteIdentifier(name)};`,
    ];
  },
};

/** A restore that brings erased persons back is confirmed by the name of its database. */
export function restoreKind(plan: Plan): PlanKind<RestoreContext> {
  const { erasures } = planInputs(plan, restoreInputs);
  return erasures === 'skip' ? { ...backupRestore, danger: 'severe' } : backupRestore;
}

async function open(context: RestoreContext, plan: Plan, work: RestoreWork): Promise<JsonObject> {
  const { database } = planInputs(plan, restoreInputs);
  if (!(await isStillClosed(context, work.workingName))) return { database };
  const progress = await progressOfPlan(context, plan);
  const before = progress.results.get(restoreSteps.indexOf('erasures'));
  // Days may have passed between that step and this one.
  const late = await erasuresSince(context, work, Number(before?.['entries'] ?? 0));
  await openDatabase(context, work, database);
  await recordRestore(context, plan, 'passed');
  return { database, ...(late === undefined ? {} : { erasures: late }) };
}

async function restoreMailObjects(
  context: RestoreContext,
  plan: Plan,
  work: RestoreWork,
): Promise<JsonObject> {
  const { objects } = planInputs(plan, restoreInputs);
  return objects === null ? {} : restoreObjectsTo(context, work, objects);
}

/** Repeats all erasures again where the ledger has more by now. */
async function erasuresSince(
  context: RestoreContext,
  work: RestoreWork,
  entries: number,
): Promise<JsonObject | undefined> {
  if (work.erasures === 'skip') return undefined;
  const due = await readDueErasures(context, work);
  if (due === 'not due' || due.reduce((sum, { entries: own }) => sum + own.length, 0) === entries)
    return undefined;
  return { ...(await replayDueErasures(context, work)) };
}

/** The plan says it, and so must the log, where nobody overlooks it. */
function skipErasures(context: RestoreContext, plan: Plan, work: RestoreWork): Promise<JsonObject> {
  const { setId, source, database } = planInputs(plan, restoreInputs);
  const action = { action: 'backup.restore.without-erasures', plan: plan.id, target: database };
  return audited(context, { ...action, detail: { setId, source } }, async () => ({
    ...(await replayDueErasures(context, work)),
  }));
}

async function recordRestore(
  context: RestoreContext,
  plan: Plan,
  outcome: 'passed' | 'failed',
): Promise<void> {
  const { setId, source, database, destination, tables } = planInputs(plan, restoreInputs);
  const { startedAt } = await progressOfPlan(context, plan);
  await recordCheck(await context.state(), context.progress, {
    profile: context.profile,
    setId,
    destination,
    kind: 'restore',
    outcome,
    startedAt: startedAt === undefined ? context.clock.now() : new Date(startedAt),
    findings: outcome === 'passed' ? 0 : 1,
    detail: { plan: plan.id, source, database, tables },
  });
}

async function progressOfPlan(context: RestoreContext, plan: Plan): Promise<PlanProgress> {
  return progressOf(await readJournal(await context.state(), plan.id));
}
