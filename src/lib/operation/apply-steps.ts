import { errorCode } from '../audit/audited.ts';
import { messageOf, PosternError, partial } from '../base/error.ts';
import { ExitCode } from '../base/exit-code.ts';
import type { Queryable } from '../base/postgres.ts';
import type { JsonObject } from '../crypto/canonical-json.ts';
import type { OperationContext } from './context.ts';
import { appendJournal, type PlanProgress } from './journal.ts';
import { type Plan, shortId } from './plan.ts';
import type { PlanKind, StepJournal } from './plan-kind.ts';

/**
 * Runs the steps that are not done yet, in order, and returns the results of all of them.
 * @throws {PosternError} exit 130 between two steps when asked to stop; exit 7 `plan-partial` when a step fails after
 * something was applied; exit 5 or 6 with its code when a step finds damage or refuses; else the step's own error
 */
export async function applySteps<C extends OperationContext>(
  context: C,
  kind: PlanKind<C>,
  session: Queryable,
  plan: Plan,
  progress: PlanProgress,
): Promise<readonly JsonObject[]> {
  const results: JsonObject[] = [];
  let mayHaveEffect = progress.mayHaveEffect;
  for (const [index, step] of plan.body.steps.entries()) {
    const known = progress.results.get(index);
    if (known !== undefined) {
      results.push(known);
      continue;
    }
    if (context.signal.aborted) throw interrupted(plan, index);
    const shown = context.progress.step(step.summary);
    const journal = stepJournal(session, plan, index, progress);
    try {
      await appendJournal(session, plan.id, {
        event: 'intent',
        step: index,
        detail: { actor: { ...context.actor } },
      });
      const result = await kind.applyStep(context, plan, index, journal);
      mayHaveEffect = true;
      await appendJournal(session, plan.id, { event: 'done', step: index, detail: result });
      results.push(result);
      shown.done();
    } catch (error) {
      if (context.signal.aborted) shown.done('interrupted');
      else shown.fail(messageOf(error));
      const detail = { ...errorCode(error) };
      // The step's error matters more than one from writing about it, and a lost session cannot be written to.
      await appendJournal(session, plan.id, { event: 'failed', step: index, detail }).catch(() => {});
      if (context.signal.aborted) throw interrupted(plan, index, error);
      if (!mayHaveEffect && !journal.hasCheckpoint) throw withResume(plan, error);
      throw stopped(plan, index, error);
    }
  }
  return results;
}

function stepJournal(
  session: Queryable,
  plan: Plan,
  index: number,
  progress: PlanProgress,
): StepJournal & { readonly hasCheckpoint: boolean } {
  let lastCheckpoint = progress.checkpoints.get(index);
  return {
    get lastCheckpoint() {
      return lastCheckpoint;
    },
    get hasCheckpoint() {
      return lastCheckpoint !== undefined;
    },
    checkpoint: async (value) => {
      await appendJournal(session, plan.id, { event: 'checkpoint', step: index, detail: value });
      lastCheckpoint = value;
    },
  };
}

function interrupted(plan: Plan, index: number, cause?: unknown): PosternError {
  return new PosternError(
    ExitCode.interrupted,
    `interrupted before step ${index + 1} of ${plan.body.steps.length} was done`,
    { code: 'interrupted', cause, hints: [resumeHint(plan)] },
  );
}

/** Nothing was changed yet: the step's own error, which says how to go on where going on is all that it takes. */
function withResume(plan: Plan, error: unknown): unknown {
  if (!(error instanceof PosternError) || error.exitCode !== ExitCode.partial) return error;
  const { message, code } = error;
  const hints = [
    ...error.hints,
    `then \`postern plan apply ${shortId(plan.id)}\` goes on with the stored plan`,
  ];
  return partial(message, { cause: error, hints, ...(code === undefined ? {} : { code }) });
}

const ownExits: ReadonlySet<ExitCode> = new Set([ExitCode.integrity, ExitCode.refused]);

function stopped(plan: Plan, index: number, cause: unknown): PosternError {
  const isUnfinished = cause instanceof PosternError && cause.exitCode === ExitCode.partial;
  const outcome = isUnfinished ? 'is not done yet' : 'failed';
  const message = `step ${index + 1} of ${plan.body.steps.length} ${outcome}: ${messageOf(cause)}`;
  // Running it again would end the same: what is refused or damaged is told by its own code.
  if (cause instanceof PosternError && ownExits.has(cause.exitCode)) {
    const { exitCode, code } = cause;
    const hints = [...cause.hints, `afterwards, ${resumeHint(plan)}`];
    return new PosternError(exitCode, message, { cause, hints, ...(code === undefined ? {} : { code }) });
  }
  return partial(message, {
    code: 'plan-partial',
    cause,
    hints: [...(cause instanceof PosternError ? cause.hints : []), resumeHint(plan)],
  });
}

function resumeHint(plan: Plan): string {
  return `\`postern plan apply ${shortId(plan.id)}\` goes on from there`;
}
