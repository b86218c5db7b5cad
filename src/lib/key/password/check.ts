import { formatDuration } from '../../base/duration.ts';
import { messageOf } from '../../base/error.ts';
import { shortId } from '../../operation/plan.ts';
import { asAdmin } from './connection.ts';
import type { ManagedPassword, PasswordContext } from './context.ts';
import { differences, stored } from './decide.ts';
import { inspectRoles, type ServerFacts } from './inspect.ts';
import { publishedLogin } from './place.ts';
import { lastRotation, openRotations } from './register.ts';
import type { PasswordState } from './results.ts';

type Note = PasswordState['findings'][number];

/**
 * Every password with its age and what speaks against it, in the order of the names. Reads only; a server that cannot
 * be asked is `unknown` and no error. @throws {PosternError} only where the state database cannot be asked
 */
export async function passwordKeys(
  context: PasswordContext,
  names: readonly string[],
): Promise<readonly PasswordState[]> {
  const states: PasswordState[] = [];
  for (const name of names) {
    context.signal.throwIfAborted();
    states.push(await passwordState(context, context.password(name)));
  }
  return states;
}

async function passwordState(context: PasswordContext, managed: ManagedPassword): Promise<PasswordState> {
  const { name, roles, cryptoperiod } = managed;
  const state = await context.state();
  const now = context.clock.now();
  const last = await lastRotation(state, context.profile, name);
  const open = await openRotations(state, context.profile, name);
  const unknown: string[] = [];
  const facts = await asAdmin(managed, 'reading', (client) => inspectRoles(client, roles)).catch(
    (error: unknown) => {
      unknown.push(messageOf(error));
    },
  );
  const published = await publishedLogin(managed).catch((error: unknown) => {
    unknown.push(messageOf(error));
    return undefined;
  });
  const inUse = published?.role ?? last?.role ?? (roles.length === 1 ? (roles[0] ?? null) : null);
  const due = last === undefined ? undefined : Date.parse(last.at) + cryptoperiod;
  const findings = [
    ...age(name, last?.at, due, now),
    ...open.map(
      (id): Note => ({
        code: 'rotation-open',
        text: `a rotation is under way: plan ${shortId(id)}`,
      }),
    ),
    ...(facts === undefined ? [] : serverFindings(managed, facts, { now, inUse })),
  ];
  return {
    name,
    verdict: findings.length > 0 ? 'findings' : unknown.length > 0 ? 'unknown' : 'current',
    inUse,
    roles: roles.map((role) => {
      const found = facts?.roles.find((each) => each.name === role);
      const { form = null, validUntil = null, sessions = null } = found ?? {};
      return { name: role, form, validUntil, sessions };
    }),
    rotatedAt: last?.at ?? null,
    ageSeconds: last === undefined ? null : Math.round((now.getTime() - Date.parse(last.at)) / 1000),
    cryptoperiodSeconds: Math.round(cryptoperiod / 1000),
    dueAt: due === undefined ? null : new Date(due).toISOString(),
    findings: [...findings],
    unknown,
  };
}

function age(name: string, at: string | undefined, due: number | undefined, now: Date): readonly Note[] {
  if (at === undefined || due === undefined)
    return [{ code: 'never-rotated', text: `${name} was never rotated, so its age is not known` }];
  const over = now.getTime() - due;
  if (over < 0) return [];
  return [
    { code: 'overdue', text: `${name} was last rotated at ${at}, ${formatDuration(over)} too long ago` },
  ];
}

function serverFindings(
  { roles }: ManagedPassword,
  facts: ServerFacts,
  { now, inUse }: { readonly now: Date; readonly inUse: string | null },
): readonly Note[] {
  const missing = roles.filter((role) => facts.roles.every(({ name }) => name !== role));
  const closed = facts.roles.filter(({ canLogin }) => !canLogin);
  return [
    ...missing.map((role): Note => ({ code: 'role-missing', text: `there is no role ${role}` })),
    ...closed.map(({ name }): Note => ({ code: 'no-login', text: `${name} may not log in` })),
    ...differences(facts.roles).map(({ code, text }) => ({ code, text })),
    // Only a VALID UNTIL that is over counts here; one to come is told when a rotation is planned.
    ...facts.roles
      .flatMap((role) => stored(role, { now, inUse, cryptoperiod: 0 }))
      .map(({ code, text }) => ({ code, text })),
  ];
}
