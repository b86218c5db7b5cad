import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import type { RolePasswords } from './roles.ts';
import type { SandboxPaths } from './sandbox-paths.ts';

/** Whose connection is wanted: which role, on which database. */
const sandboxRoles = {
  superuser: { role: 'postgres', database: 'mail' },
  platform: { role: 'postern_reader', database: 'mail' },
  writer: { role: 'postern_writer', database: 'mail' },
  app: { role: 'mail_app', database: 'mail' },
  state: { role: 'postern_state', database: 'postern_state' },
  'state-owner': { role: 'postern_owner', database: 'postern_state' },
} as const;

type SandboxRole = keyof typeof sandboxRoles;

export const sandboxRoleNames = Object.keys(sandboxRoles) as readonly SandboxRole[];

/** Secrets that are no connection URL. */
type SandboxSecret = 'kms-passphrase' | 'names-key' | 'pseudonyms-key';

const isRole = (name: SandboxRole | SandboxSecret): name is SandboxRole => name in sandboxRoles;

/** The file that holds a secret, or a role's connection URL, password and all; mode 0600 in a folder of mode 0700. */
export function secretPath({ secrets }: SandboxPaths, name: SandboxRole | SandboxSecret): string {
  return join(secrets, isRole(name) ? `${name}-url` : name);
}

/** Writes the connection URLs; again whenever the server comes up on another port. */
export async function writeUrls(
  paths: SandboxPaths,
  passwords: RolePasswords & { readonly postgres: string },
  port: number,
): Promise<void> {
  for (const name of sandboxRoleNames) {
    const { role, database } = sandboxRoles[name];
    await writeFileAtomic(
      secretPath(paths, name),
      `postgresql://${role}:${passwords[role]}@127.0.0.1:${port}/${database}\n`,
    );
  }
}

export async function readUrl(paths: SandboxPaths, role: SandboxRole): Promise<string> {
  return (await readFile(secretPath(paths, role), 'utf8')).trim();
}

/** Moves the connection URLs to the port that the server has now. */
export async function updatePort(paths: SandboxPaths, port: number): Promise<void> {
  for (const name of sandboxRoleNames) {
    const url = new URL(await readUrl(paths, name));
    if (url.port === String(port)) continue;
    url.port = String(port);
    await writeFileAtomic(secretPath(paths, name), `${url.toString()}\n`);
  }
}

/** Writes `postern.yaml`: the profile `sandbox`, with everything that commands need. */
export async function writeConfig(paths: SandboxPaths): Promise<void> {
  const { stringify } = await import('yaml');
  const secret = (role: Parameters<typeof secretPath>[1]): string => `\${file:${secretPath(paths, role)}}`;
  const key = (file: string): string => join(paths.keys, file);
  const sandbox = {
    platform: { url: secret('platform'), write_url: secret('writer'), map: paths.map },
    state: { url: secret('state'), owner_url: secret('state-owner') },
    kms: { adapter: 'local', path: paths.kms, passphrase: secret('kms-passphrase') },
    stores: {
      mail: { adapter: 'local', path: paths.objects.mail },
      offsite: { adapter: 'local', path: paths.objects.offsite },
    },
    backup: {
      destinations: {
        offsite: { store: 'offsite', lock: { mode: 'governance', for: '35d' } },
      },
      objects: { buckets: { mail: { store: 'mail' } } },
      recipients: [key('operations.pub.asc'), key('offline.pub.asc')],
      signer: { secret_key: key('backup-signer.sec.asc') },
      trusted_signers: [key('backup-signer.pub.asc')],
      restore_url: secret('superuser'),
      secret_keys: [key('operations.sec.asc')],
    },
    subjects: {
      hmac_keys: [secret('names-key')],
      pseudonym_keys: [{ version: 1, key: secret('pseudonyms-key') }],
      buckets: { mail: { store: 'mail' } },
      logs: [join(paths.httpLogs, '*.log*')],
    },
    operator: { secret_key: key('operator.sec.asc') },
    certificates: { signer: { key: key('certificate.key.pem') }, trust: [key('certificate.pub.pem')] },
    approvals: { 'backup.restore': 0 },
  };
  const text = stringify({ version: 1, default_profile: 'sandbox', profiles: { sandbox } });
  const note =
    '# Written by `postern sandbox up`. Keys and secrets lie side by side here: never do so in production.\n';
  await writeFileAtomic(paths.config, note + text);
}
