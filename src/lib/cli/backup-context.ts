import { availableParallelism } from 'node:os';
import { currentActor } from '../audit/actor.ts';
import type {
  BackupContext,
  DatabaseSource,
  SecretKeys,
  SetStore,
  Signer,
  WrappingKey,
} from '../backup/context.ts';
import { profilePrefix } from '../backup/format/layout.ts';
import type { ObjectBackup } from '../backup/objects/settings.ts';
import type { RestoreContext } from '../backup/restore/context.ts';
import { messageOf, usageError } from '../base/error.ts';
import { readRecipient } from '../crypto/openpgp-recipient.ts';
import { readSecretKey } from '../crypto/openpgp-secret-key.ts';
import { signDetached, verifyDetached } from '../crypto/openpgp-signature.ts';
import { shredReplayer } from '../key/shred/replayer.ts';
import { eraseReplayer } from '../subject/erase/ledger/replayer.ts';
import { offboardReplayer } from '../subject/offboard/replayer.ts';
import { defaultPrefix } from './check-destinations.ts';
import { defined } from './cloud-settings.ts';
import type { PosternContext } from './context.ts';
import { destinations, unknownDestination } from './destinations.ts';
import { keyMap } from './key-census.ts';
import { operationContext } from './operation-context.ts';
import { operatorFingerprint } from './operator.ts';
import { eraseReplay } from './subject-erase.ts';

/** Milliseconds between two full sets of mail objects. */
export const defaultFullEvery = 30 * 86_400_000;

/** Of zstd. */
const defaultLevel = 'default';

/** Every worker holds a part, and its copy while it is opened again: all together stay below 150 MB. */
function defaultPartSize(workers: number): number {
  return Math.max(8, Math.floor(24 / workers)) * 2 ** 20;
}

/** The sets as one destination has them: the first, unless another is named. @throws {PosternError} exit 2 */
export async function setStore(context: PosternContext, from?: string): Promise<SetStore> {
  const backup = context.settings('backup');
  const name = from ?? Object.keys(backup.destinations)[0] ?? '';
  const settings = backup.destinations[name];
  if (settings === undefined) throw unknownDestination(context, name);
  return {
    destination: name,
    store: await context.store(settings.store),
    profile: context.profile,
    prefix: profilePrefix(settings.prefix ?? defaultPrefix, context.profile),
    trustedSigners: await trustedSigners(context),
  };
}

function trustedSigners(context: PosternContext): Promise<readonly string[]> {
  const paths = context.settings('backup').trusted_signers;
  return Promise.all(paths.map((path) => context.readText('backup', path)));
}

/** What opens sets, where the configuration names it: secret keys, a key management service. */
export async function secretKeys(context: PosternContext): Promise<SecretKeys | undefined> {
  const { secret_keys: paths = [], secret_key_passphrase: reference } = context.settings('backup');
  const kms = context.config.profile.kms === undefined ? undefined : () => context.kms();
  if (paths.length === 0) return kms === undefined ? undefined : { armored: [], kms };
  return {
    ...defined({ kms }),
    armored: await Promise.all(paths.map((path) => context.readText('backup', path))),
    ...defined({
      passphrase: reference === undefined ? undefined : await context.secret('backup', reference),
    }),
  };
}

/** As `secretKeys`, for what cannot go on without. @throws {PosternError} exit 2, `secret-key-needed` */
export async function requireSecretKeys(context: PosternContext): Promise<SecretKeys> {
  const keys = await secretKeys(context);
  if (keys !== undefined) return keys;
  throw usageError('no secret key is configured, so no set can be opened', {
    code: 'secret-key-needed',
    hints: [
      'name the secret half of a recipient under backup.secret_keys, on a host that may read backups',
      'where sets are made with backup.kms_key, kms with the right to decrypt opens them as well',
    ],
  });
}

/**
 * The keys of a run, judged before anything is read from the database: a set that nobody can open, or that nobody
 * can check, is never begun.
 * @throws {PosternError} exit 2 with the codes of `readRecipient` and `readSecretKey`
 */
export async function backupKeys(
  context: PosternContext,
): Promise<Pick<BackupContext, 'recipients' | 'signer'>> {
  const backup = context.settings('backup');
  const now = context.clock.now();
  const recipients = await Promise.all(
    backup.recipients.map(async (path) => readRecipient(await context.readText('backup', path), now)),
  );
  const different = new Set(recipients.map(({ fingerprint }) => fingerprint)).size;
  if (different < recipientsNeeded(context)) {
    throw usageError('the recipients are one and the same key', {
      code: 'recipients-too-few',
      hints: ['name two different keys: one for operations, one that is kept offline'],
    });
  }
  return { recipients, signer: await backupSigner(context) };
}

/** How many different keys must be able to open a set; a key management service counts as one. */
export function recipientsNeeded(context: PosternContext): number {
  return context.settings('backup').kms_key === undefined ? 2 : 1;
}

/** Who signs sets and rewraps. @throws {PosternError} exit 2, `signer-untrusted` and as `readSecretKey` */
export async function backupSigner(context: PosternContext): Promise<Signer> {
  const backup = context.settings('backup');
  const secretKey = await context.readText('backup', backup.signer.secret_key);
  const reference = backup.signer.passphrase;
  const passphrase = reference === undefined ? undefined : await context.secret('backup', reference);
  const { fingerprint, key } = await readSecretKey(secretKey, passphrase);
  const trusted = await trustedSigners(context);
  const probe = Buffer.from('postern');
  // A set that its own host would not believe must not be made.
  await verifyDetached(
    probe,
    await signDetached(probe, { secretKey, ...defined({ passphrase }) }),
    trusted,
  ).catch((cause: unknown) => {
    throw usageError(`signatures of the signer ${fingerprint} would not be believed: ${messageOf(cause)}`, {
      code: 'signer-untrusted',
      cause,
      hints: ['name its public half under backup.trusted_signers'],
    });
  });
  return { secretKey, fingerprint, publicKey: key.toPublic().armor(), ...defined({ passphrase }) };
}

/**
 * All that a run needs. Errors as `backupKeys`.
 * @param acceptedNewStores names of destinations
 * @throws {PosternError} exit 2, `destination-unknown`
 */
export async function backupContext(
  context: PosternContext,
  version: string,
  acceptedNewStores: readonly string[] = [],
): Promise<BackupContext> {
  const backup = context.settings('backup');
  for (const name of acceptedNewStores)
    if (backup.destinations[name] === undefined) throw unknownDestination(context, name);
  const workers = backup.workers ?? availableParallelism();
  return {
    ...(await backupKeys(context)),
    actor: currentActor(defined({ fingerprint: await operatorFingerprint(context) })),
    clock: context.clock,
    state: () => context.state(),
    progress: context.progress,
    signal: context.signal,
    profile: context.profile,
    destinations: await destinations(context),
    acceptedNewStores,
    sources: await databaseSources(context),
    ...defined({ kms: await wrappingKey(context) }),
    ...defined({ objects: await objectBackup(context) }),
    options: {
      partSize: backup.part_size ?? defaultPartSize(workers),
      level: backup.compression_level ?? defaultLevel,
      workers,
      verifyBeforeUpload: backup.verify_before_upload ?? true,
      ...defined({
        pgDump: backup.pg_dump === undefined ? undefined : context.path('backup', backup.pg_dump),
      }),
    },
    tool: `postern ${version}`,
  };
}

/** What wraps the session keys of each set, where the configuration names it. @throws {PosternError} exit 2 */
export async function wrappingKey(context: PosternContext): Promise<WrappingKey | undefined> {
  const { kms_key: keyId } = context.settings('backup');
  return keyId === undefined ? undefined : { kms: await context.kms(), keyId };
}

/** The databases of a set: all that the profile knows, unless it names some. @throws {PosternError} exit 2 */
async function databaseSources(context: PosternContext): Promise<readonly DatabaseSource[]> {
  const { url, map, databases = {} } = context.settings('platform');
  const known: Readonly<
    Record<string, { part: 'platform' | 'state'; url: string; map?: string | undefined }>
  > = {
    platform: { part: 'platform', url, map },
    ...Object.fromEntries(
      Object.entries(databases).map(([name, database]) => [name, { part: 'platform' as const, ...database }]),
    ),
    state: { part: 'state', url: context.settings('state').url },
  };
  const names = context.settings('backup').sources ?? Object.keys(known);
  return Promise.all(
    [...new Set(names)].map(async (name) => {
      const source = known[name];
      if (source === undefined) {
        throw usageError(`backup.sources names ${name}, which is no database of the profile`, {
          code: 'source-unknown',
          hints: [`its databases are: ${Object.keys(known).join(', ')}`],
        });
      }
      return {
        name,
        url: await context.secret(source.part, source.url),
        ...(await mapped(source.map === undefined ? undefined : context.path('platform', source.map))),
      };
    }),
  );
}

/** What a data map says that a backup must know. */
async function mapped(
  mapFile: string | undefined,
): Promise<Required<Pick<DatabaseSource, 'wrappedKeys' | 'objectKeys'>>> {
  if (mapFile === undefined) return { wrappedKeys: [], objectKeys: [] };
  const { loadDataMap, objectReferences, wrappedKeyColumns } = await import('../platform/map/index.ts');
  const { map } = await loadDataMap(mapFile);
  return { wrappedKeys: wrappedKeyColumns(map), objectKeys: objectReferences(map) };
}

/** The mail objects that go along; undefined where none do. @throws {PosternError} exit 2 */
async function objectBackup(context: PosternContext): Promise<ObjectBackup | undefined> {
  const { objects } = context.settings('backup');
  if (objects === undefined) return undefined;
  return {
    fullEvery: objects.full_every ?? defaultFullEvery,
    buckets: await Promise.all(
      Object.entries(objects.buckets).map(async ([name, { store, prefix = '' }]) => ({
        name,
        store: await context.store(store),
        prefix,
      })),
    ),
  };
}

/** All that a restore needs. @throws {PosternError} exit 2 */
export async function restoreContext(context: PosternContext, from?: string): Promise<RestoreContext> {
  const { restore_url: reference, workers, pg_dump: pgDump } = context.settings('backup');
  return {
    ...(await operationContext(context)),
    sets: await setStore(context, from),
    secretKeys: await requireSecretKeys(context),
    serverUrl:
      reference === undefined ? await context.platformUrl() : await context.secret('backup', reference),
    workers: workers ?? availableParallelism(),
    erasureReplayers: [
      shredReplayer(() => keyMap(context)),
      eraseReplayer(eraseReplay(context)),
      offboardReplayer(eraseReplay(context)),
    ],
    objectStore: (name) => context.store(name),
    ...defined({ pgDump: pgDump === undefined ? undefined : context.path('backup', pgDump) }),
  };
}
