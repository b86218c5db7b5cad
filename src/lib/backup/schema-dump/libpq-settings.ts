import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';

/** How a program that uses libpq is told to connect; nothing in it is secret. */
export interface LibpqSettings {
  /** A connection string of `keyword='value'` pairs. */
  readonly connection: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** What `pg` makes of a URL. */
interface ParsedUrl {
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly database?: string;
  readonly password: string | null | undefined;
  readonly ssl: boolean | TlsOptions | undefined;
}

interface TlsOptions {
  readonly rejectUnauthorized?: boolean;
  readonly checkServerIdentity?: unknown;
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}

/**
 * Lets libpq connect as `pg` would with the same URL. Password and keys go into files that only this user can read,
 * in a folder that is gone afterwards: arguments and environments are visible to others in the process list.
 */
export async function withLibpqSettings<T>(
  url: string,
  work: (settings: LibpqSettings) => Promise<T>,
): Promise<T> {
  const { default: pg } = await import('pg');
  const parsed = new pg.Client({ connectionString: url }) as unknown as ParsedUrl;
  const folder = await mkdtemp(join(tmpdir(), 'postern-libpq-'));
  const save = async (name: string, content: string | Buffer): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content, { mode: 0o600, flag: 'wx' });
    return path;
  };
  try {
    const { host, port, user, database, password } = parsed;
    const keywords = {
      host,
      port,
      user,
      dbname: database,
      options: optionsOf(url),
      gssencmode: 'disable',
      ...(await tls(parsed, save)),
    };
    const environment: NodeJS.ProcessEnv = { ...inheritedEnvironment(), LC_ALL: 'C' };
    if (password) environment['PGPASSFILE'] = await save('pgpass', pgpassLine(password));
    return await work({ connection: connectionString(keywords), environment });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `pg` verifies the server's certificate against `ca`, or else Node's roots, unless it is told not to. */
async function tls(
  { ssl }: ParsedUrl,
  save: (name: string, content: string | Buffer) => Promise<string>,
): Promise<Record<string, string>> {
  if (ssl === undefined || ssl === false) return { sslmode: 'disable' };
  const { rejectUnauthorized, checkServerIdentity, ca, cert, key }: TlsOptions = ssl === true ? {} : ssl;
  const client = {
    ...(cert === undefined ? {} : { sslcert: await save('client.crt', cert) }),
    ...(key === undefined ? {} : { sslkey: await save('client.key', key) }),
  };
  if (rejectUnauthorized === false) return { sslmode: 'require', ...client };
  return {
    sslmode: checkServerIdentity === undefined ? 'verify-full' : 'verify-ca',
    sslrootcert: await save('root.crt', ca ?? getCACertificates('default').join('\n')),
    ...client,
  };
}

function optionsOf(url: string): string | undefined {
  return new URL(url).searchParams.get('options') ?? process.env['PGOPTIONS'];
}

/** Everything but libpq's own variables, which could redirect it, or carry the password; its pgpass file stays. */
function inheritedEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('PG') || name === 'PGPASSFILE',
  );
  return Object.fromEntries(kept);
}

function pgpassLine(password: string): string {
  return `*:*:*:*:${password.replace(/[\\:]/g, '\\$&')}\n`;
}

function connectionString(keywords: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(keywords)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([keyword, value]) => `${keyword}='${String(value).replace(/[\\']/g, '\\$&')}'`)
    .join(' ');
}
