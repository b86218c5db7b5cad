import { messageOf, PosternError } from '../base/error.ts';
import { ExitCode } from '../base/exit-code.ts';
import type { DkimContext } from '../key/dkim/index.ts';
import { rotateDkim } from '../key/dkim/index.ts';
import type { KeyRotateDkimResult } from '../key/dkim/results.ts';
import { type Plan, planBody, shortId } from '../operation/plan.ts';
import type { PosternContext } from './context.ts';
import { type ZoneChange, zoneChange, zoneText } from './key-dkim-zone.ts';
import { planText } from './plan-text.ts';
import type { Asking } from './prompt.ts';
import { type PlanMode, submitPlan } from './submit-plan.ts';

export interface Rotating {
  readonly operation: DkimContext;
  readonly plan: Plan;
  readonly mode: PlanMode;
  readonly asking: Asking;
  /** Where to write a script for nsupdate. */
  readonly script: string | undefined;
}

/** Submits the plan of a rotation; that it must wait for the zone is what is expected, and no error. */
export async function submitRotation(
  context: PosternContext,
  { operation, plan, mode, asking, script }: Rotating,
): Promise<KeyRotateDkimResult> {
  const submitted = await submitPlan(context, {
    operation,
    kind: rotateDkim(plan),
    plan,
    mode,
    asking,
  }).catch((error: unknown) => {
    if (isWaiting(error)) return { outcome: 'waiting' as const, waitingFor: messageOf(error) };
    throw error;
  });
  const domain = plan.body.target.database;
  const isBegun = submitted.outcome === 'waiting' || submitted.outcome === 'applied';
  const change: ZoneChange = isBegun
    ? await zoneChange(operation, domain, { which: 'changed', script })
    : { lines: [], nsupdateFile: null };
  return {
    domain,
    plan: plan.id,
    outcome: submitted.outcome,
    waitingFor: 'waitingFor' in submitted ? submitted.waitingFor : null,
    certificate: ('applied' in submitted ? submitted.applied?.certificateId : undefined) ?? null,
    body: planBody.parse(plan.body),
    lines: [...change.lines],
    nsupdateFile: change.nsupdateFile,
  };
}

/** What a person reads: the plan, what to change in the zone, and how it goes on. */
export function rotationLines(result: KeyRotateDkimResult, keyFile: string | undefined): readonly string[] {
  const { plan, body, outcome, waitingFor } = result;
  return [
    planText(plan, body),
    `outcome   ${outcome}`,
    ...(waitingFor === null ? [] : [`          ${waitingFor}`]),
    ...(result.lines.length === 0 ? [] : ['', 'change the zone:', '', ...zoneText(result, keyFile), '']),
    ...(outcome === 'waiting' ? [`next      postern plan apply ${shortId(plan)}`] : []),
    ...(outcome === 'awaiting approval'
      ? [`next      another operator: postern plan approve ${shortId(plan)}`]
      : []),
  ];
}

function isWaiting(error: unknown): boolean {
  return error instanceof PosternError && error.exitCode === ExitCode.partial && isDkimWaiting(error);
}

/** The plan's own error has the step's as its cause. */
function isDkimWaiting(error: PosternError): boolean {
  const { cause } = error;
  return error.code === 'dkim-waiting' || (cause instanceof PosternError && cause.code === 'dkim-waiting');
}
