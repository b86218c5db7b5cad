import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { currentActor } from '../../src/lib/audit/actor.ts';
import type {
  BackupContext,
  BackupOptions,
  DatabaseSource,
  SecretKeys,
  SetStore,
} from '../../src/lib/backup/context.ts';
import type { Destination } from '../../src/lib/backup/destination.ts';
import type { RestoreContext } from '../../src/lib/backup/restore/context.ts';
import { systemClock } from '../../src/lib/base/clock.ts';
import { openPool } from '../../src/lib/base/postgres.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { generateKeyPair, type KeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { readRecipient } from '../../src/lib/crypto/openpgp-recipient.ts';
import type { PostgresMajor } from '../../src/lib/sandbox/server.ts';
import { testStateDatabase } from './operation.ts';
import { testServer } from './postgres.ts';

/** Everything around one platform database that a backup and a restore need, with real parts. */
export interface BackupWorld {
  readonly folder: string;
  readonly storePath: string;
  readonly sets: SetStore;
  readonly keys: { readonly operations: KeyPair; readonly offline: KeyPair; readonly signer: KeyPair };
  readonly secretKeys: SecretKeys;
  readonly stateUrl: string;
  /** What `openBackupWorld` needs to open the same world in another process. */
  readonly data: BackupWorldData;
  context(changes?: BackupChanges): BackupContext;
  restoreContext(changes?: Partial<RestoreContext>): Promise<RestoreContext>;
  close(): Promise<void>;
}

/** What a test wants otherwise; `sets` and `platformUrl` are short for one destination and one database. */
export type BackupChanges = Partial<Omit<BackupContext, 'options'>> & {
  readonly options?: Partial<BackupOptions>;
  readonly sets?: SetStore;
  readonly platformUrl?: string;
};

/** A destination of a test, which locks nothing unless told. */
export function destinationOf(
  { destination, store, prefix }: SetStore,
  changes: Partial<Destination> = {},
): Destination {
  return {
    name: destination,
    store,
    prefix,
    required: true,
    lock: undefined,
    keyringLock: undefined,
    ...changes,
  };
}

/** The platform database as a source without wrapped keys. */
export function platformSource(url: string): DatabaseSource {
  return { name: 'platform', url, wrappedKeys: [] };
}

export interface BackupWorldOptions {
  readonly platformUrl: string;
  readonly major?: PostgresMajor;
  readonly store?: ObjectStore;
  readonly profile?: string;
}

/** All of a world that JSON can carry. */
export interface BackupWorldData {
  readonly folder: string;
  readonly platformUrl: string;
  readonly stateUrl: string;
  /** Of the server that takes restored databases. */
  readonly serverUrl: string;
  readonly profile: string;
  readonly keys: BackupWorld['keys'];
}

/** Makes a world: keys, a store in a folder, a migrated state database. */
export async function backupWorld({
  platformUrl,
  major = 18,
  store,
  profile = 'test',
}: BackupWorldOptions): Promise<BackupWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-backup-'));
  const stateDatabase = await testStateDatabase();
  const pair = (name: string, purpose: 'encrypt' | 'sign') =>
    generateKeyPair({ name, email: `${name}@example.org`, purpose });
  const keys = {
    operations: await pair('operations', 'encrypt'),
    offline: await pair('offline', 'encrypt'),
    signer: await pair('signer', 'sign'),
  };
  const serverUrl = (await testServer(major)).url;
  const world = await openBackupWorld(
    { folder, platformUrl, stateUrl: stateDatabase.url, serverUrl, profile, keys },
    store,
  );
  return {
    ...world,
    close: async () => {
      await world.close();
      await stateDatabase.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Opens a world that is there; closing it leaves everything as it is. */
export async function openBackupWorld(data: BackupWorldData, store?: ObjectStore): Promise<BackupWorld> {
  const { folder, platformUrl, stateUrl, serverUrl, profile, keys } = data;
  const storePath = join(folder, 'offsite');
  const pool = await openPool({ url: stateUrl, role: 'state database' });
  const sets: SetStore = {
    destination: 'offsite',
    store: store ?? (await openLocalObjectStore({ path: storePath })),
    profile,
    prefix: `backup/${profile}/`,
    trustedSigners: [keys.signer.publicKey],
  };
  const recipients = await Promise.all(
    [keys.operations, keys.offline].map(({ publicKey }) => readRecipient(publicKey, new Date())),
  );
  const secretKeys = { armored: [keys.operations.secretKey] };
  const common = {
    actor: currentActor(),
    clock: systemClock,
    progress: silentProgress,
    signal: new AbortController().signal,
    state: async () => pool,
    profile,
  };
  return {
    folder,
    storePath,
    sets,
    keys,
    secretKeys,
    stateUrl,
    data,
    context: ({ options, sets: where = sets, platformUrl: url = platformUrl, ...changes } = {}) => ({
      ...common,
      destinations: [destinationOf(where)],
      sources: [platformSource(url)],
      recipients,
      signer: {
        secretKey: keys.signer.secretKey,
        fingerprint: keys.signer.fingerprint,
        publicKey: keys.signer.publicKey,
      },
      tool: 'postern test',
      ...changes,
      options: { partSize: 64 * 2 ** 20, level: 3, workers: 2, verifyBeforeUpload: true, ...options },
    }),
    restoreContext: async (changes = {}) => ({
      ...common,
      sets,
      approvalsFor: () => 0,
      certificateSigner: async () => undefined,
      secretKeys,
      serverUrl,
      workers: 2,
      erasureReplayers: [],
      objectStore: () => Promise.reject(new Error('this test names no store for objects')),
      ...changes,
    }),
    close: () => pool.end(),
  };
}
