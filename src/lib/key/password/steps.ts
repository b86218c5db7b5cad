import { randomBytes } from 'node:crypto';
import { failure, integrityError, messageOf, PosternError, refused } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import type { Progress } from '../../base/progress.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { isPlain, scramVerifier } from '../../crypto/scram-verifier.ts';
import { sha256Hex } from '../../crypto/sha256.ts';
import { quoteIdentifier, quoteLiteral } from '../../platform/quote.ts';
import { asAdmin, loginUrl, proveLogin } from './connection.ts';
import type { ManagedPassword } from './context.ts';
import { readVerifiers } from './inspect.ts';
import { type Intent, intentOf } from './intent.ts';
import { readPending, writePending } from './pending.ts';
import { type Login, publishedLogin } from './place.ts';
import type { RotateInputs } from './plan-rotate.ts';
import { waitForStandbys } from './standbys.ts';

/** What a step works with; the caller holds the password's lock. */
export interface RotationStep {
  readonly managed: ManagedPassword;
  readonly planId: string;
  readonly role: string;
  readonly reason: RotateInputs['reason'];
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** What the first step wrote down; undefined only for itself. */
  readonly intents: readonly Intent[] | undefined;
}

/**
 * Makes the passwords and keeps them, and says in the journal what the server will have: only then may it get them. Of
 * the passwords, the journal learns the salt and a hash of the verifier.
 */
export async function prepare(
  { managed, planId }: RotationStep,
  roles: readonly string[],
  iterations: number,
): Promise<JsonObject> {
  const found = await readPending(managed);
  const isOurs = found?.planId === planId;
  const known = isOurs ? found.logins : [];
  const earlier = isOurs ? found.earlier : [...(found?.logins ?? []), ...(found?.earlier ?? [])];
  const logins = roles.map(
    (role) =>
      known.find((login) => login.role === role) ?? {
        role,
        password: randomBytes(managed.passwordBytes).toString('base64url'),
      },
  );
  await writePending(managed, { planId, logins, earlier });
  return { intents: logins.map((login) => ({ ...intentOf(login, iterations) })) };
}

/** Gives the server the verifier, unless it has it: setting another one for the same password cuts poolers off. */
export async function setPassword(step: RotationStep): Promise<JsonObject> {
  const { verifier } = await waiting(step);
  return asAdmin(step.managed, 'changing', async (client) => {
    const now = async (): Promise<string> => {
      const { rows } = await client.query<{ now: string }>('select clock_timestamp()::text as now');
      return rows[0]?.now ?? '';
    };
    const before = await readVerifiers(client, [step.role]);
    const reached = async (): Promise<JsonObject> => {
      const standbysBehind = await waitForStandbys(client, step.signal);
      if (standbysBehind > 0)
        step.progress.warn(
          `${standbysBehind} standbys do not have the new password of ${step.role} yet: logins there fail until they do`,
        );
      return { at: await now(), standbysBehind };
    };
    if (before?.get(step.role) === verifier) return { outcome: 'was set', ...(await reached()) };
    await alterRole(client, step.role, verifier);
    const after = await readVerifiers(client, [step.role]);
    if (after !== undefined && after.get(step.role) !== verifier) {
      throw failure(`the server has another verifier of ${step.role} than it was given`, {
        code: 'password-unset',
        hints: ['somebody else sets this password, or a module of the server changes it'],
      });
    }
    return { outcome: 'set', ...(await reached()) };
  });
}

async function alterRole(client: Queryable, role: string, verifier: string): Promise<void> {
  try {
    await client.query(`alter role ${quoteIdentifier(role)} password ${quoteLiteral(verifier)}`);
  } catch (cause) {
    throw failure(`the server did not take the verifier of ${role}: ${messageOf(cause)}`, {
      code: 'password-unset',
      cause,
      hints: [
        'modules such as credcheck, and rds.restrict_password_commands, may forbid it: let this login set encrypted passwords',
      ],
    });
  }
}

/**
 * Logs in with the password that waits. Where the role is alone, its readers still have the old password: that is put
 * back when the new one is not accepted.
 */
export async function provePassword(step: RotationStep): Promise<JsonObject> {
  const { login } = await waiting(step);
  if (step.managed.roles.length > 1) {
    await proveLogin(await loginUrl(step.managed), login);
    return { outcome: 'logged in' };
  }
  const before = await publishedLogin(step.managed);
  // An earlier try may have put the old one back.
  await setPassword(step);
  try {
    await proveLogin(await loginUrl(step.managed), login);
  } catch (error) {
    const isWanted = before?.role === step.role && before.password !== login.password;
    // A password that is known to others does not come back.
    if (isWanted && step.reason === 'routine' && isPlain(before.password))
      await putBack(step.managed, before, error);
    throw error;
  }
  return { outcome: 'logged in' };
}

async function putBack(managed: ManagedPassword, before: Login, error: unknown): Promise<never> {
  const verifier = scramVerifier(before.password, { iterations: 4096, salt: randomBytes(16) });
  await asAdmin(managed, 'changing', (client) => alterRole(client, before.role, verifier)).catch(() => {
    throw error;
  });
  throw failure(`${messageOf(error)}; the password that its readers have was put back`, {
    code: 'password-put-back',
    cause: error,
    hints: error instanceof PosternError ? error.hints : [],
  });
}

export async function publish(step: RotationStep): Promise<JsonObject> {
  const { login, verifier } = await waiting(step);
  for (const place of step.managed.places) {
    step.signal.throwIfAborted();
    await place.publish({ ...login, verifier, planId: step.planId });
  }
  return { places: step.managed.places.map(({ description }) => description) };
}

/** Reads what was published as its readers do, and logs in with it. */
export async function verifyPublished(step: RotationStep): Promise<JsonObject> {
  const { login } = await waiting(step);
  const urls = new Set<string>();
  for (const place of step.managed.places) {
    if (place.published === undefined) continue;
    const found = await place.published();
    if (found?.role !== login.role || found.password !== login.password) {
      throw integrityError(`${place.description} does not hold what was published there`, {
        code: 'password-not-published',
        hints: ['find out who else writes there; afterwards make a new rotation'],
      });
    }
    if (found.url !== undefined) urls.add(found.url);
  }
  if (urls.size === 0) urls.add(await loginUrl(step.managed));
  for (const url of urls) await proveLogin(url, login);
  return { outcome: 'logged in', logins: urls.size };
}

/** From here on, only its readers know the password. */
export async function forget({ managed, planId }: RotationStep): Promise<JsonObject> {
  const found = await readPending(managed);
  if (found?.planId === planId) await managed.pending.remove();
  return { outcome: 'forgotten' };
}

interface Waiting {
  readonly login: Login;
  readonly verifier: string;
}

/** The password that waits is the one whose verifier the journal announced. */
async function waiting({ managed, planId, role, intents }: RotationStep): Promise<Waiting> {
  const found = await readPending(managed);
  const login = found?.planId === planId ? found.logins.find((each) => each.role === role) : undefined;
  const intent = intents?.find((each) => each.role === role);
  if (login === undefined || intent === undefined) {
    throw refused(`the new password of ${role} is no longer in ${managed.pending.path}`, {
      code: 'password-lost',
      hints: ['give this plan up with `plan cancel --abandon`, and rotate again'],
    });
  }
  const { iterations, salt } = intent;
  const verifier = scramVerifier(login.password, { iterations, salt: Buffer.from(salt, 'base64') });
  if (sha256Hex(verifier) === intent.verifierSha256) return { login, verifier };
  throw integrityError(
    `the password in ${managed.pending.path} is not the one that the plan's journal announced`,
    {
      code: 'password-tampered',
      hints: ['find out who wrote there: `postern audit verify`; then give this plan up, and rotate again'],
    },
  );
}
