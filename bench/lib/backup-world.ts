import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { generateKeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { migrateState } from '../../src/lib/state/migrate.ts';
import { runProgram } from './command.ts';
import type { MailDatabase } from './mail-database.ts';

/** What a backup run needs beside the database, and a gpg that knows the same recipients. */
export interface BackupWorld {
  /** What lib/backup-child.ts reads. */
  readonly settingsFile: string;
  /** A postern.yaml for the same world, for what is measured through the command line. */
  readonly configFile: string;
  readonly setsFolder: string;
  readonly gnupgHome: string;
  /** Fingerprints. */
  readonly recipients: readonly string[];
  emptyStore(): Promise<void>;
  close(): Promise<void>;
}

export interface ChildSettings {
  readonly platformUrl: string;
  readonly stateUrl: string;
  readonly storePath: string;
  readonly recipients: readonly string[];
  readonly signer: { readonly secretKey: string; readonly publicKey: string; readonly fingerprint: string };
}

export async function openBackupWorld(database: MailDatabase): Promise<BackupWorld> {
  const folder = join(database.folder, 'world');
  const gnupgHome = join(database.folder, 'gpg');
  await mkdir(folder, { recursive: true });
  await mkdir(gnupgHome, { mode: 0o700 });
  const pair = (name: string, purpose: 'encrypt' | 'sign') =>
    generateKeyPair({ name, email: `${name}@example.org`, purpose });
  const [operations, offline, signer] = await Promise.all([
    pair('operations', 'encrypt'),
    pair('offline', 'encrypt'),
    pair('signer', 'sign'),
  ]);
  for (const [index, { publicKey }] of [operations, offline].entries()) {
    const file = join(folder, `${index}.asc`);
    await writeFile(file, publicKey);
    await runProgram('gpg', ['--batch', '--quiet', '--import', file], { GNUPGHOME: gnupgHome });
  }
  await withConnection({ url: database.server.url, role: 'bench' }, (client) =>
    client.query('CREATE DATABASE postern_state'),
  );
  const stateUrl = withDatabase(database.server.url, 'postern_state');
  await withConnection({ url: stateUrl, role: 'bench' }, (client) => migrateState(client));
  const storePath = join(folder, 'store');
  const settings: ChildSettings = {
    platformUrl: database.url,
    stateUrl,
    storePath,
    recipients: [operations.publicKey, offline.publicKey],
    signer: { secretKey: signer.secretKey, publicKey: signer.publicKey, fingerprint: signer.fingerprint },
  };
  const settingsFile = join(folder, 'settings.json');
  await writeFile(settingsFile, JSON.stringify(settings));
  await chmod(settingsFile, 0o600);
  const configFile = await writeConfig(folder, settings, operations.secretKey);
  return {
    settingsFile,
    configFile,
    setsFolder: join(storePath, 'objects'),
    gnupgHome,
    recipients: [operations.fingerprint, offline.fingerprint],
    emptyStore: () => rm(storePath, { recursive: true, force: true }),
    close: async () => {
      await runProgram('gpgconf', ['--kill', 'all'], { GNUPGHOME: gnupgHome });
    },
  };
}

async function writeConfig(
  folder: string,
  { platformUrl, stateUrl, storePath, signer }: ChildSettings,
  secretKey: string,
): Promise<string> {
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return name;
  };
  const secret = async (name: string, text: string): Promise<string> => `\${file:${await file(name, text)}}`;
  const bench = {
    platform: { url: await secret('platform-url', platformUrl) },
    state: { url: await secret('state-url', stateUrl) },
    stores: { offsite: { adapter: 'local', path: storePath } },
    backup: {
      destinations: { offsite: { store: 'offsite' } },
      sources: ['platform'],
      recipients: ['0.asc', '1.asc'],
      signer: { secret_key: await file('signer.sec.asc', signer.secretKey) },
      trusted_signers: [await file('signer.pub.asc', signer.publicKey)],
      secret_keys: [await file('operations.sec.asc', secretKey)],
    },
    approvals: { default: 0 },
  };
  const text = stringify({ version: 1, default_profile: 'bench', profiles: { bench } });
  return join(folder, await file('postern.yaml', text));
}
