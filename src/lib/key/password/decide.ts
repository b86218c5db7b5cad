import { formatDuration } from '../../base/duration.ts';
import { refused } from '../../base/error.ts';
import type { RoleFacts, ServerFacts } from './inspect.ts';

/** What a person should know of a rotation; one that `blocks` must be accepted first. */
export interface Finding {
  readonly code:
    | 'roles-differ'
    | 'target-in-use'
    | 'elsewhere-published'
    | 'owns-objects'
    | 'md5'
    | 'md5-default'
    | 'no-password'
    | 'single-role'
    | 'valid-until';
  readonly blocks: boolean;
  readonly text: string;
}

/** How it can be known which of two roles readers use now; each may be missing. */
interface Traces {
  /** Told by a person. */
  readonly told: string | undefined;
  /** From the file that they read. */
  readonly published: string | undefined;
  /** Of the last rotation. */
  readonly rotated: string | undefined;
}

/**
 * The role that readers use now; for a single role, that one.
 * @throws {PosternError} exit 6 `password-in-use-unknown`
 */
export function roleInUse(name: string, roles: readonly RoleFacts[], traces: Traces): string {
  const [first, second] = roles.map((role) => role.name);
  if (first !== undefined && second === undefined) return first;
  const known = [traces.told, traces.published, traces.rotated].find(
    (role) => role !== undefined && roles.some((candidate) => candidate.name === role),
  );
  if (known !== undefined) return known;
  const used = roles.filter(({ sessions }) => sessions > 0);
  if (used.length === 1 && used[0] !== undefined) return used[0].name;
  throw refused(
    `which role of ${name} is in use cannot be told: no file says it, and ${used.length === 0 ? 'neither has' : 'both have'} sessions`,
    { code: 'password-in-use-unknown', hints: [`give it once: --in-use ${first} or --in-use ${second}`] },
  );
}

/**
 * What would make a rotation fail half-way, all at once.
 * @throws {PosternError} exit 6 `password-server`, `password-roles`
 */
export function requireRotatable(names: readonly string[], facts: ServerFacts, now: Date): void {
  if (facts.isReadOnly)
    throw refused('the server is a standby, where no password can be changed', {
      code: 'password-server',
      hints: ['let the URL of the admin name the primary'],
    });
  const problems = names.flatMap((name) =>
    problemsOf(
      name,
      facts.roles.find((role) => role.name === name),
      facts.admin,
      now,
    ),
  );
  const [first] = problems;
  if (first === undefined) return;
  const more = problems.slice(1).map(({ problem }) => problem);
  throw refused([first.problem, ...more].join('; '), {
    code: 'password-roles',
    hints: [...new Set(problems.map(({ hint }) => hint))],
  });
}

interface Problem {
  readonly problem: string;
  readonly hint: string;
}

function problemsOf(name: string, role: RoleFacts | undefined, admin: string, now: Date): readonly Problem[] {
  if (role === undefined)
    return [{ problem: `there is no role ${name}`, hint: `create it: CREATE ROLE "${name}" LOGIN` }];
  const problems: Problem[] = [];
  if (!role.canLogin)
    problems.push({ problem: `${name} may not log in`, hint: `ALTER ROLE "${name}" LOGIN` });
  if (role.connectionLimit === 0)
    problems.push({
      problem: `${name} has a connection limit of 0`,
      hint: `ALTER ROLE "${name}" CONNECTION LIMIT -1`,
    });
  if (role.validUntil !== null && Date.parse(role.validUntil) <= now.getTime())
    problems.push({
      problem: `passwords of ${name} are not valid since ${role.validUntil}`,
      hint: `ALTER ROLE "${name}" VALID UNTIL 'infinity', or a later time`,
    });
  if (!role.mayAlter)
    problems.push(
      role.isSuperuser
        ? {
            problem: `${name} is a superuser, and ${admin} is none`,
            hint: 'let keys.passwords.NAME.admin_url name a superuser, or rotate a role without such power',
          }
        : {
            problem: `${admin} may not set the password of ${name}`,
            hint: `ALTER ROLE "${admin}" CREATEROLE; from PostgreSQL 16 on, also GRANT "${name}" TO "${admin}" WITH ADMIN OPTION, INHERIT FALSE, SET FALSE`,
          },
    );
  return problems;
}

export interface Situation {
  readonly facts: ServerFacts;
  readonly inUse: string;
  readonly target: string;
  readonly rotated: string | undefined;
  readonly published: string | undefined;
  /** Milliseconds. */
  readonly cryptoperiod: number;
  readonly now: Date;
}

/** What a person should know before the rotation. */
export function findingsOf(situation: Situation): readonly Finding[] {
  const { facts } = situation;
  return [
    ...differences(facts.roles),
    ...usage(situation),
    ...published(situation),
    ...facts.roles.flatMap((role) => [...stored(role, situation), ...ownership(role, facts.roles.length)]),
    ...(facts.passwordEncryption === 'md5'
      ? [
          finding(
            'md5-default',
            'the server makes md5 of passwords that people set there: let password_encryption be scram-sha-256',
          ),
        ]
      : []),
  ];
}

/** What only one of two roles has, a line each. */
export function unlikeTraits([first, second]: readonly RoleFacts[]): readonly string[] {
  if (first === undefined || second === undefined) return [];
  const only = (role: RoleFacts, other: RoleFacts): readonly string[] => {
    const known = new Set(other.traits);
    return role.traits.filter((trait) => !known.has(trait)).map((trait) => `only ${role.name}: ${trait}`);
  };
  return [...only(first, second), ...only(second, first)];
}

/** One finding where two roles are not alike, with the first few differences. */
export function differences(roles: readonly RoleFacts[]): readonly Finding[] {
  const all = unlikeTraits(roles);
  const shown = all.slice(0, 10);
  const rest = all.length - shown.length;
  if (all.length === 0) return [];
  const text = `the roles are not alike: ${shown.join('; ')}${rest === 0 ? '' : `; and ${rest} more`}`;
  return [{ code: 'roles-differ', blocks: true, text }];
}

function usage({ facts, inUse, target }: Situation): readonly Finding[] {
  if (inUse === target)
    return [
      finding(
        'single-role',
        `${target} has no second role to take turns with: once its password is set, who still has the old one cannot log in; sessions live on`,
      ),
    ];
  const sessions = facts.roles.find(({ name }) => name === target)?.sessions ?? 0;
  if (sessions === 0) return [];
  const text = `${target} still has ${sessions} sessions, whose clients could not log in again: they have not read what is published now`;
  return [{ code: 'target-in-use', blocks: true, text }];
}

function published({ rotated, published: found, inUse }: Situation): readonly Finding[] {
  if (rotated === undefined || found === undefined || rotated === found) return [];
  return [
    finding(
      'elsewhere-published',
      `the last rotation published ${rotated}, and the file says ${found}: somebody else writes there; ${inUse} counts as in use`,
    ),
  ];
}

/** What is to be said of the password that a role has. */
export function stored(
  { name, form, validUntil }: RoleFacts,
  { now, cryptoperiod, inUse }: Pick<Situation, 'now' | 'cryptoperiod'> & { readonly inUse: string | null },
): readonly Finding[] {
  const left = validUntil === null ? undefined : Date.parse(validUntil) - now.getTime();
  return [
    ...(form === 'md5'
      ? [
          finding(
            'md5',
            `the password of ${name} is kept as md5; a new one is kept as SCRAM, which old clients do not speak`,
          ),
        ]
      : []),
    // Nobody can log in as an idle role without one, and the next rotation gives it one.
    ...(form === 'none' && (inUse ?? name) === name
      ? [finding('no-password', `${name} has no password`)]
      : []),
    ...(left !== undefined && left < cryptoperiod
      ? [
          finding(
            'valid-until',
            left <= 0
              ? `passwords of ${name} are not valid since ${validUntil}`
              : `passwords of ${name} are valid for ${formatDuration(left)} only: VALID UNTIL comes before the next rotation`,
          ),
        ]
      : []),
  ];
}

function ownership({ name, owned }: RoleFacts, roles: number): readonly Finding[] {
  if (roles < 2 || owned.length === 0) return [];
  const where = owned
    .map(({ database, objects }) => `${objects} ${database === '' ? 'shared' : `in ${database}`}`)
    .join(', ');
  return [
    finding(
      'owns-objects',
      `${name} owns objects (${where}) that the other role does not: let a common role own them, and both begin with SET role`,
    ),
  ];
}

function finding(code: Finding['code'], text: string): Finding {
  return { code, blocks: false, text };
}
