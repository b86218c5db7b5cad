import type { Queryable } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { progressOf, readJournal } from '../../operation/journal.ts';
import { type Plan, planInputs } from '../../operation/plan.ts';
import type { PlanKind } from '../../operation/plan-kind.ts';
import { withJobLock } from '../../state/job-lock.ts';
import type { PasswordContext } from './context.ts';
import { readIntents } from './intent.ts';
import { look, preconditionsOf, type RotateInputs, rolesChanged, rotateInputs } from './plan-rotate.ts';
import { lastRotation, openRotations, rotationKind, rotationOpen } from './register.ts';
import { type ChangedRole, endSessions, listSessions } from './sessions.ts';
import {
  forget,
  prepare,
  provePassword,
  publish,
  type RotationStep,
  setPassword,
  verifyPublished,
} from './steps.ts';

export const passwordRotation: PlanKind<PasswordContext> = {
  kind: rotationKind,
  danger: 'moderate',
  target: async (context, plan) => (await look(context.password(planInputs(plan, rotateInputs).name))).target,
  preconditions: async (context, plan) => {
    const { name } = planInputs(plan, rotateInputs);
    const { facts } = await look(context.password(name));
    const last = await lastRotation(await context.state(), context.profile, name);
    return preconditionsOf(facts, last?.planId);
  },
  applyStep: async (context, plan, index) => {
    const inputs = planInputs(plan, rotateInputs);
    const managed = context.password(inputs.name);
    return withJobLock(await context.state(), `password ${context.profile} ${inputs.name}`, async (state) => {
      const { results } = progressOf(await readJournal(state, plan.id));
      const first = results.get(0);
      const step: RotationStep = {
        managed,
        planId: plan.id,
        role: roleOf(plan, index),
        reason: inputs.reason,
        signal: context.signal,
        progress: context.progress,
        intents: first && readIntents(first),
      };
      const kind = plan.body.steps[index]?.kind ?? '';
      if (kind === 'prepare') {
        await requireAlone(state, context.profile, inputs.name, plan.id);
        return prepare(step, rolesChanged(inputs), inputs.iterations);
      }
      if (kind === 'list-sessions') return listSessions(managed, changes(plan, results));
      if (kind === 'end-sessions') return endSessions(managed, changes(plan, results));
      const work = works[kind];
      if (work === undefined) throw new Error(`a rotation has no step ${kind}`);
      return work(step);
    });
  },
  certify: async (_context, plan, results) => {
    const inputs = planInputs(plan, rotateInputs);
    return {
      subject: [],
      predicateType: 'urn:postern:predicate:key-rotate-password:v1',
      predicate: predicateOf(plan, inputs, results),
    };
  },
  leftovers: async (context, plan) => {
    const { name, target } = planInputs(plan, rotateInputs);
    const { pending } = context.password(name);
    if ((await pending.read()) === undefined) return [];
    return [
      `${pending.path} holds the new password, which ${target} may already have: remove the file once another rotation is through`,
    ];
  },
};

/** Another rotation that was begun may need the password that waits. */
async function requireAlone(state: Queryable, profile: string, name: string, planId: string): Promise<void> {
  const other = (await openRotations(state, profile, name)).find((id) => id !== planId);
  if (other !== undefined) throw rotationOpen(name, other);
}

const works: Readonly<Record<string, (step: RotationStep) => Promise<JsonObject>>> = {
  set: setPassword,
  prove: provePassword,
  publish,
  verify: verifyPublished,
  forget,
};

function roleOf({ body }: Plan, index: number): string {
  return textIn(body.steps[index]?.inputs, 'role');
}

function textIn(object: JsonObject | undefined, name: string): string {
  const value = object?.[name];
  return typeof value === 'string' ? value : '';
}

/** When each role got its new password. */
function changes(plan: Plan, results: ReadonlyMap<number, JsonObject>): readonly ChangedRole[] {
  return plan.body.steps.flatMap(({ kind }, index) =>
    kind === 'set' ? [{ role: roleOf(plan, index), at: textIn(results.get(index), 'at') }] : [],
  );
}

/** What was forecast beside what happened; never a password, a salt or a verifier. */
function predicateOf(plan: Plan, inputs: RotateInputs, results: readonly JsonObject[]): JsonObject {
  const of = (wanted: string): readonly JsonObject[] =>
    plan.body.steps.flatMap(({ kind }, index) =>
      kind === wanted ? [{ role: roleOf(plan, index), ...results[index] }] : [],
    );
  const { name, inUse, target, reason, findings } = inputs;
  const [sessions] = [...of('end-sessions'), ...of('list-sessions')];
  return {
    name,
    reason,
    before: inUse,
    after: target,
    passwords: of('set').map(({ role = '', at = '' }) => ({ role, at })),
    places: inputs.places,
    provenLogins: of('prove').length + of('verify').length,
    oldSessions:
      sessions === undefined ? null : { found: sessions['found'] ?? 0, ended: sessions['ended'] ?? 0 },
    findings: findings.map(({ code, text }) => ({ code, text })),
    forecast: { ...plan.body.effects },
    happened: { 'passwords changed': of('set').length, 'places written': inputs.places.length },
  };
}
