import { readFile } from 'node:fs/promises';
import { type Queryable, sqlState } from '../../base/postgres.ts';
import { scramParameters } from '../../crypto/scram-verifier.ts';

/** How the server keeps a password; `unknown` where the login may not look. */
export type PasswordForm = 'scram-sha-256' | 'md5' | 'none' | 'unknown';

export interface RoleFacts {
  readonly name: string;
  readonly canLogin: boolean;
  readonly isSuperuser: boolean;
  /** -1 is no limit. */
  readonly connectionLimit: number;
  /** RFC 3339, UTC; null is for ever. */
  readonly validUntil: string | null;
  /** Whether the admin's login may set its password. */
  readonly mayAlter: boolean;
  readonly mayEndSessions: boolean;
  /** Of others than ourselves. */
  readonly sessions: number;
  readonly form: PasswordForm;
  /** Privileges, memberships, settings and attributes: a line each. */
  readonly traits: readonly string[];
  /** What it owns, by database; '' is shared. */
  readonly owned: readonly { readonly database: string; readonly objects: number }[];
}

export interface ServerFacts {
  readonly admin: string;
  /** A standby, or a server that takes no changes. */
  readonly isReadOnly: boolean;
  /** What the server itself would use for a new password. */
  readonly iterations: number;
  readonly passwordEncryption: string;
  /** In the order in which they were asked for; a role that is not there is missing. */
  readonly roles: readonly RoleFacts[];
}

/** RFC 7677 §4 demands as many; before PostgreSQL 16, all servers had this number. */
const leastIterations = 4096;

/** Asks a server about its login roles, by the login that may alter them. Reads only. */
export async function inspectRoles(db: Queryable, names: readonly string[]): Promise<ServerFacts> {
  const { rows: servers } = await db.query<Omit<ServerFacts, 'roles'>>(
    `select current_user as admin, pg_is_in_recovery() as "isReadOnly",
            greatest(coalesce(current_setting('scram_iterations', true)::int, $1), $1) as iterations,
            current_setting('password_encryption') as "passwordEncryption"`,
    [leastIterations],
  );
  const [server] = servers;
  if (server === undefined) throw new Error('a query without a condition gave no row');
  type Row = Omit<RoleFacts, 'form' | 'traits' | 'owned'>;
  const { rows } = await db.query<Row>(await sql('roles'), [names]);
  const { rows: traits } = await db.query<{ name: string; trait: string }>(await sql('traits'), [names]);
  const { rows: owned } = await db.query<{ name: string; database: string; objects: number }>(
    await sql('owned'),
    [names],
  );
  const forms = await passwordForms(db, names);
  const roles = names.flatMap((name) => {
    const row = rows.find((found) => found.name === name);
    if (row === undefined) return [];
    return [
      {
        ...row,
        form: forms === undefined ? ('unknown' as const) : (forms.get(name) ?? 'none'),
        traits: traits.filter((line) => line.name === name).map(({ trait }) => trait),
        owned: owned
          .filter((line) => line.name === name)
          .map(({ database, objects }) => ({ database, objects })),
      },
    ];
  });
  return { ...server, roles };
}

/** The verifiers that the server keeps; undefined where the login may not look, as with every managed PostgreSQL. */
export async function readVerifiers(
  db: Queryable,
  names: readonly string[],
): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    const { rows } = await db.query<{ name: string; verifier: string }>(
      'select rolname as name, rolpassword as verifier from pg_authid where rolname = any($1) and rolpassword is not null',
      [names],
    );
    return new Map(rows.map(({ name, verifier }) => [name, verifier]));
  } catch (error) {
    if (sqlState(error) === '42501') return undefined;
    throw error;
  }
}

async function passwordForms(
  db: Queryable,
  names: readonly string[],
): Promise<ReadonlyMap<string, PasswordForm> | undefined> {
  const verifiers = await readVerifiers(db, names);
  if (verifiers === undefined) return undefined;
  return new Map(
    [...verifiers].map(([name, verifier]) => [
      name,
      scramParameters(verifier) === undefined ? 'md5' : 'scram-sha-256',
    ]),
  );
}

function sql(name: string): Promise<string> {
  return readFile(new URL(`sql/${name}.sql`, import.meta.url), 'utf8');
}
