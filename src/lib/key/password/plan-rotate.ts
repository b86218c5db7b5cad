import { z } from 'zod';
import { refused, usageError } from '../../base/error.ts';
import type { PlanTarget, Precondition } from '../../operation/plan.ts';
import { createPlan, type Plan } from '../../operation/plan.ts';
import { precondition } from '../../operation/staleness.ts';
import { databaseTarget } from '../../operation/target.ts';
import { asAdmin } from './connection.ts';
import type { ManagedPassword, PasswordContext } from './context.ts';
import { type Finding, findingsOf, requireRotatable, roleInUse, unlikeTraits } from './decide.ts';
import { inspectRoles, type ServerFacts } from './inspect.ts';
import { publishedLogin } from './place.ts';
import { lastRotation, openRotations, rotationKind, rotationOpen } from './register.ts';

export const rotateInputs = z.strictObject({
  name: z.string(),
  roles: z.array(z.string()).min(1).max(2),
  /** The role that readers use until the new password is published. */
  inUse: z.string(),
  /** The role that gets it. */
  target: z.string(),
  /** `routine`; `compromised`: the old password must open nothing any more. */
  reason: z.enum(['routine', 'compromised']),
  endSessions: z.boolean(),
  /** What the admin's server demands at least. */
  iterations: z.number().int().min(4096),
  places: z.array(z.string()).min(1),
  findings: z.array(z.strictObject({ code: z.string(), blocks: z.boolean(), text: z.string() })),
});

export type RotateInputs = z.infer<typeof rotateInputs>;

export interface RotateOptions {
  readonly reason: 'routine' | 'compromised';
  readonly sessions: 'leave' | 'end';
  /** The role in use, where a person says so. */
  readonly inUse?: string;
}

export interface PlannedRotation {
  readonly plan: Plan;
  /** The role that readers use, and the one that they will use. */
  readonly before: string;
  readonly after: string;
  readonly findings: readonly Finding[];
}

/**
 * Plans the rotation of a password: nothing is changed, and no password is made yet.
 * @throws {PosternError} exit 2 for a name or role that is not configured; exit 6 `password-rotation-open`,
 * `password-in-use-unknown`, `password-own-state`, and as `requireRotatable`
 */
export async function planRotation(
  context: PasswordContext,
  name: string,
  options: RotateOptions,
): Promise<PlannedRotation> {
  const managed = context.password(name);
  requireConfigured(managed, options.inUse);
  const state = await context.state();
  const [open] = await openRotations(state, context.profile, name);
  if (open !== undefined) throw rotationOpen(name, open);
  const { facts, target } = await look(managed);
  requireRotatable(managed.roles, facts, context.clock.now());
  await requireOtherLogin(context, managed);
  const published = (await publishedLogin(managed))?.role;
  const last = await lastRotation(state, context.profile, name);
  const rotated = last?.role;
  const inUse = roleInUse(name, facts.roles, { told: options.inUse, published, rotated });
  const next = managed.roles.find((role) => role !== inUse) ?? inUse;
  const situation = { facts, inUse, target: next, rotated, published };
  const findings = findingsOf({
    ...situation,
    cryptoperiod: managed.cryptoperiod,
    now: context.clock.now(),
  });
  requireEndable(facts, options);
  const inputs: RotateInputs = {
    name,
    roles: [...managed.roles],
    inUse,
    target: next,
    reason: options.reason,
    endSessions: options.sessions === 'end',
    iterations: facts.iterations,
    places: managed.places.map(({ description }) => description),
    findings: [...findings],
  };
  const changed = rolesChanged(inputs);
  const plan = createPlan(context, {
    kind: rotationKind,
    target,
    inputs,
    steps: stepsOf(inputs),
    preconditions: preconditionsOf(facts, last?.planId),
    effects: { 'passwords changed': changed.length, 'places written': managed.places.length },
  });
  return { plan, before: inUse, after: next, findings };
}

function requireConfigured({ name, roles }: ManagedPassword, inUse: string | undefined): void {
  if (inUse === undefined || roles.includes(inUse)) return;
  throw usageError(`${inUse} is no role of ${name}`, {
    code: 'password-role-unknown',
    hints: [`its roles are: ${roles.join(', ')}`],
  });
}

/**
 * Findings that block must have been accepted by a person.
 * @throws {PosternError} exit 6 `password-findings`
 */
export function requireAccepted(name: string, findings: readonly Finding[]): void {
  const blocking = findings.filter(({ blocks }) => blocks);
  if (blocking.length === 0) return;
  throw refused(`${name} is not rotated: ${blocking.map(({ text }) => text).join('; ')}`, {
    code: 'password-findings',
    hints: ['mend it, or take it into account with --accept-findings'],
  });
}

/** The server as it is now, with what a plan is bound to. */
export async function look(
  managed: ManagedPassword,
): Promise<{ readonly facts: ServerFacts; readonly target: PlanTarget }> {
  return asAdmin(managed, 'reading', async (client) => ({
    facts: await inspectRoles(client, managed.roles),
    target: await databaseTarget(client),
  }));
}

/** The roles must be the same as when the plan was made, and nobody may have rotated since. */
export function preconditionsOf(
  { roles }: ServerFacts,
  rotated: string | undefined,
): readonly Precondition[] {
  return [
    precondition(
      'login roles',
      roles.map(({ name, canLogin, isSuperuser, validUntil }) => ({
        name,
        canLogin,
        isSuperuser,
        validUntil,
      })),
    ),
    // What both get alike, such as rights on a new partition, makes no plan stale.
    precondition('differences of the roles', [...unlikeTraits(roles)]),
    precondition('last rotation', rotated ?? null),
  ];
}

/** In the order in which they get a new password. */
export function rolesChanged({ target, inUse, reason }: RotateInputs): readonly string[] {
  return reason === 'compromised' && inUse !== target ? [target, inUse] : [target];
}

function stepsOf(inputs: RotateInputs) {
  const { target, inUse, places, reason, endSessions } = inputs;
  const step = (kind: string, summary: string, role: string) => ({ kind, summary, inputs: { role } });
  const later = rolesChanged(inputs).slice(1);
  const all = rolesChanged(inputs).join(' and ');
  return [
    step('prepare', `make a new password for ${all}, and keep it where it waits`, target),
    step('set', `set the verifier of the new password of ${target}`, target),
    step('prove', `log in as ${target} with it`, target),
    step('publish', `publish it: ${places.join(', ')}`, target),
    step('verify', `log in as ${target} with what is published`, target),
    ...later.flatMap((role) => [
      step('set', `set the verifier of the new password of ${role}: nobody logs in with the old one`, role),
      step('prove', `log in as ${role} with its new password, which is then forgotten`, role),
    ]),
    ...(reason === 'compromised'
      ? [
          endSessions
            ? step('end-sessions', `end sessions of ${all} that began with an old password`, inUse)
            : step('list-sessions', `list sessions of ${all} that began with an old password`, inUse),
        ]
      : []),
    step('forget', 'remove the copy that waited', target),
  ];
}

/**
 * The login of the state database may take turns with another one, but not lose its password: what the next command
 * needs to go on is there.
 */
async function requireOtherLogin(context: PasswordContext, managed: ManagedPassword): Promise<void> {
  if (managed.roles.length > 1) return;
  const { role, server } = await context.stateLogin();
  const { host } = new URL(await managed.adminUrl());
  if (!managed.roles.includes(role) || server !== host) return;
  throw refused(`${role} is the login of the state database, where the rotation keeps how far it came`, {
    code: 'password-own-state',
    hints: [
      'configure two roles that take turns: killed half-way, one of them still opens the state database',
    ],
  });
}

function requireEndable({ roles, admin }: ServerFacts, { sessions }: RotateOptions): void {
  const closed = roles.filter(({ mayEndSessions }) => !mayEndSessions).map(({ name }) => name);
  if (sessions === 'leave' || closed.length === 0) return;
  throw refused(`${admin} may not end sessions of ${closed.join(' and ')}`, {
    code: 'password-sessions',
    hints: [`GRANT pg_signal_backend TO "${admin}"`],
  });
}
