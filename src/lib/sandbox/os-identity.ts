import { readFile, stat } from 'node:fs/promises';

/** The operating-system user that a server runs as, where it must be another than ours. */
export interface OsIdentity {
  readonly uid: number;
  readonly gid: number;
}

const nobody: OsIdentity = { uid: 65_534, gid: 65_534 };

/**
 * Whom PostgreSQL runs as: PostgreSQL refuses root, so that root drops to the owner of an existing data folder,
 * else to the user `postgres` where there is one, else to `nobody`.
 * @returns undefined when we are an ordinary user and nothing needs to change
 */
export async function serverIdentity(dataDirectory: string): Promise<OsIdentity | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(dataDirectory).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return (await passwdEntry('postgres')) ?? nobody;
}

async function passwdEntry(name: string): Promise<OsIdentity | undefined> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find((line) => line[0] === name);
  if (fields === undefined) return undefined;
  const [uid, gid] = [Number(fields[2]), Number(fields[3])];
  return Number.isInteger(uid) && Number.isInteger(gid) && uid > 0 ? { uid, gid } : undefined;
}
