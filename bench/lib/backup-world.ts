import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { generateKeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { migrateState } from '../../src/lib/state/migrate.ts';
import { runProgram } from './command.ts';
import { type MailDatabase, mailDatabase } from './mail-database.ts';
import { type Measured, peakOf } from './peak-memory.ts';

/** A mail database, what backup and restore need beside it, and a gpg that knows the same keys. */
export interface BackupWorld {
  readonly database: MailDatabase;
  /** How much it is, in words. */
  readonly work: string;
  /** What lib/backup-child.ts reads. */
  readonly settingsFile: string;
  readonly setsFolder: string;
  /** Where peers put what they make. */
  readonly peerFolder: string;
  /** Has the secret key of the first recipient. */
  readonly gnupgHome: string;
  /** Fingerprints. */
  readonly recipients: readonly string[];
  /** Runs a command of postern, as a person would. */
  postern(...args: readonly string[]): Promise<Measured>;
  /** The arguments that Node takes for it. */
  commandLine(...args: readonly string[]): readonly string[];
}

export interface ChildSettings {
  readonly platformUrl: string;
  readonly stateUrl: string;
  readonly storePath: string;
  readonly recipients: readonly string[];
  readonly signer: { readonly secretKey: string; readonly publicKey: string; readonly fingerprint: string };
}

const bin = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** Makes a world with so many messages, and leaves nothing of it behind when the work is done. */
export async function withBackupWorld(
  messages: number,
  work: (world: BackupWorld) => Promise<void>,
): Promise<void> {
  process.stderr.write(`making ${messages} messages…\n`);
  const database = await mailDatabase(messages);
  try {
    const world = await openBackupWorld(database);
    try {
      await work(world);
    } finally {
      await runProgram('gpgconf', ['--kill', 'all'], { GNUPGHOME: world.gnupgHome });
    }
  } finally {
    await database.close();
  }
}

async function openBackupWorld(database: MailDatabase): Promise<BackupWorld> {
  const folders = ['world', 'gpg', 'peer'].map((name) => join(database.folder, name));
  for (const folder of folders) await mkdir(folder, { mode: 0o700 });
  const [folder = '', gnupgHome = '', peerFolder = ''] = folders;
  const { recipients, signer } = await makeKeys(folder);
  const keyFiles = ['0.asc', '1.asc', 'operations.sec.asc'].map((name) => join(folder, name));
  await runProgram('gpg', ['--batch', '--quiet', '--import', ...keyFiles], { GNUPGHOME: gnupgHome });
  const storePath = join(folder, 'store');
  const settings: ChildSettings = {
    platformUrl: database.url,
    stateUrl: await stateDatabase(database),
    storePath,
    recipients: recipients.map(({ publicKey }) => publicKey),
    signer: { secretKey: signer.secretKey, publicKey: signer.publicKey, fingerprint: signer.fingerprint },
  };
  const settingsFile = join(folder, 'settings.json');
  await writeSecret(settingsFile, JSON.stringify(settings));
  const configFile = await writeConfig(folder, settings);
  const commandLine = (...args: readonly string[]) => [bin, ...args, '--config', configFile, '--quiet'];
  return {
    database,
    work: `${(database.bytes / 1e9).toFixed(2)} GB of mail`,
    settingsFile,
    setsFolder: join(storePath, 'objects'),
    peerFolder,
    gnupgHome,
    recipients: recipients.map(({ fingerprint }) => fingerprint),
    postern: (...args) => peakOf(process.execPath, commandLine(...args)),
    commandLine,
  };
}

/** Two recipients and a signer, with their files as the configuration names them. */
async function makeKeys(folder: string) {
  const pair = (name: string, purpose: 'encrypt' | 'sign') =>
    generateKeyPair({ name, email: `${name}@example.org`, purpose });
  const [operations, offline, signer] = await Promise.all([
    pair('operations', 'encrypt'),
    pair('offline', 'encrypt'),
    pair('signer', 'sign'),
  ]);
  await writeSecret(join(folder, '0.asc'), operations.publicKey);
  await writeSecret(join(folder, '1.asc'), offline.publicKey);
  await writeSecret(join(folder, 'operations.sec.asc'), operations.secretKey);
  await writeSecret(join(folder, 'signer.sec.asc'), signer.secretKey);
  await writeSecret(join(folder, 'signer.pub.asc'), signer.publicKey);
  return { recipients: [operations, offline], signer };
}

/** Returns the URL of an empty state database on the same server. */
async function stateDatabase({ server }: MailDatabase): Promise<string> {
  await withConnection({ url: server.url, role: 'bench' }, (client) =>
    client.query('CREATE DATABASE postern_state'),
  );
  const url = withDatabase(server.url, 'postern_state');
  await withConnection({ url, role: 'bench' }, (client) => migrateState(client));
  return url;
}

/** A postern.yaml for the same world, for what is measured through the command line. */
async function writeConfig(folder: string, settings: ChildSettings): Promise<string> {
  await writeSecret(join(folder, 'platform-url'), settings.platformUrl);
  await writeSecret(join(folder, 'state-url'), settings.stateUrl);
  const bench = {
    platform: { url: '${file:platform-url}' },
    state: { url: '${file:state-url}' },
    stores: { offsite: { adapter: 'local', path: settings.storePath } },
    backup: {
      destinations: { offsite: { store: 'offsite' } },
      sources: ['platform'],
      recipients: ['0.asc', '1.asc'],
      signer: { secret_key: 'signer.sec.asc' },
      trusted_signers: ['signer.pub.asc'],
      secret_keys: ['operations.sec.asc'],
    },
    approvals: { default: 0 },
  };
  const file = join(folder, 'postern.yaml');
  await writeSecret(file, stringify({ version: 1, default_profile: 'bench', profiles: { bench } }));
  return file;
}

function writeSecret(file: string, text: string): Promise<void> {
  return writeFile(file, text, { mode: 0o600 });
}
