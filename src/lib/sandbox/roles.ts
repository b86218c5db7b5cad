import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { Queryable } from '../base/postgres.ts';
import { sqlFile } from './sql-file.ts';

/** The logins that have a password, and where the sandbox keeps it. */
export interface RolePasswords {
  readonly mail_app: string;
  readonly postern_reader: string;
  readonly postern_writer: string;
  readonly postern_owner: string;
  readonly postern_state: string;
}

/** PW02: on every list of compromised passwords. The role can read nothing but what everybody can. */
const compromisedPassword = 'password123';

/** Makes the cluster's roles; their passwords go to the server as verifiers only. */
export async function createRoles(superuser: Queryable): Promise<RolePasswords> {
  await superuser.query(await sqlFile('01-roles.sql'));
  const passwords: RolePasswords = {
    mail_app: newPassword(),
    postern_reader: newPassword(),
    postern_writer: newPassword(),
    postern_owner: newPassword(),
    postern_state: newPassword(),
  };
  for (const [role, password] of Object.entries({ ...passwords, legacy_import: compromisedPassword })) {
    await superuser.query(`ALTER ROLE ${role} PASSWORD '${scramVerifier(password)}'`);
  }
  return passwords;
}

export function newPassword(): string {
  return randomBytes(24).toString('base64url');
}

/** What PostgreSQL stores instead of a password: `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey` (RFC 5803). */
function scramVerifier(password: string, salt = randomBytes(16), iterations = 4096): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
