import { defaultCryptoperiods } from '../config/cryptoperiod-settings.ts';
import type { KeyCensusResult } from '../key/census/results.ts';
import type {
  BackupSource,
  CertificateSigner,
  KeyFile,
  KmsSource,
  RegisterContext,
} from '../key/register/context.ts';
import type { RegisterOptions } from '../key/register/register.ts';
import { checkedState } from './checked-state.ts';
import { defined } from './cloud-settings.ts';
import type { PosternContext } from './context.ts';
import { durationFlag } from './duration-flag.ts';
import { namedKmsKeys } from './named-kms-keys.ts';
import { optionalState } from './optional-state.ts';
import { retainedSets } from './retained-sets.ts';

interface RegisterFlags {
  readonly within: string;
  readonly census: boolean;
  readonly 'ask-stores': boolean;
}

/** Puts a census on record for the register; where that cannot be done, a warning. */
export async function recordTaken(context: PosternContext, census: KeyCensusResult): Promise<void> {
  if (context.config.profile.state === undefined) return;
  const state = await optionalState(context, 'the census is not on record');
  if (state === undefined) return;
  const { recordCensus } = await import('../key/register/index.ts');
  await recordCensus(state, context.profile, census);
}

/** @throws {PosternError} exit 2, `duration-invalid` */
export function registerOptions({ within, census }: RegisterFlags): RegisterOptions {
  return { within: durationFlag('within', within) ?? 0, census: census ? 'taken' : 'last' };
}

/** All that the register of keys asks, as far as the profile has it; nothing is opened yet. */
export function registerContext(
  context: PosternContext,
  flags: Pick<RegisterFlags, 'ask-stores'>,
): RegisterContext {
  const { platform, state, keys, kms, backup } = context.config.profile;
  const { cryptoperiods: { kek, dek, hmac, openpgp, signer } = {}, passwords, dkim } = keys ?? {};
  const { clock, progress, signal, profile } = context;
  const hasKeyrings = platform?.map !== undefined;
  return {
    profile,
    clock,
    progress,
    signal,
    cryptoperiods: { ...defaultCryptoperiods, ...defined({ kek, dek, hmac, openpgp, signer }) },
    recipients: (backup?.recipients ?? []).map((file) =>
      keyFile(context, 'backup', file, 'opens new backup sets'),
    ),
    signers: signersOf(context),
    ...defined({
      state: state === undefined ? undefined : () => checkedState(context),
      platform: hasKeyrings ? platformOf(context) : undefined,
      kms: kms === undefined ? undefined : kmsOf(context),
      certificateSigner: certificateSignerOf(context),
      backups: backup === undefined || state === undefined ? undefined : backupsOf(context, flags),
      passwords:
        passwords === undefined
          ? undefined
          : {
              names: Object.keys(passwords),
              context: async () => (await import('./key-password.ts')).passwordContext(context),
            },
      dkim: dkim === undefined ? undefined : async () => (await import('./key-dkim.ts')).dkimContext(context),
    }),
  };
}

function keyFile(
  context: PosternContext,
  part: 'backup' | 'operator',
  file: string,
  usedFor: string,
): KeyFile {
  return { file, usedFor, read: () => context.readText(part, file) };
}

function signersOf(context: PosternContext): readonly KeyFile[] {
  const { backup, operator } = context.config.profile;
  return [
    ...(backup === undefined
      ? []
      : [keyFile(context, 'backup', backup.signer.secret_key, 'signs backup sets')]),
    ...(operator?.secret_key === undefined
      ? []
      : [keyFile(context, 'operator', operator.secret_key, 'signs plans and approvals')]),
  ];
}

function platformOf(context: PosternContext): NonNullable<RegisterContext['platform']> {
  return {
    open: async () => {
      const { openPlatform } = await import('../platform/connection.ts');
      return openPlatform(await context.platformUrl(), { purpose: 'key', statementTimeout: 0 });
    },
    map: async () => (await import('./key-census.ts')).keyMap(context),
  };
}

/** The keys of the service that the configuration names. */
function kmsOf(context: PosternContext): KmsSource {
  const { kms } = context.config.profile;
  return {
    open: () => context.kms(),
    scope: kms?.adapter === 'local' ? 'all' : 'named',
    named: namedKmsKeys(context),
  };
}

function certificateSignerOf(context: PosternContext): CertificateSigner | undefined {
  const signer = context.config.profile.certificates?.signer;
  if (signer === undefined || !('key' in signer)) return undefined;
  return {
    file: signer.key,
    keyId: async () => {
      const { keyIdOf } = await import('../crypto/dsse.ts');
      return keyIdOf(await context.readText('certificates', signer.key));
    },
  };
}

function backupsOf(context: PosternContext, flags: Pick<RegisterFlags, 'ask-stores'>): BackupSource {
  return {
    sets: () => retainedSets(context),
    ...(flags['ask-stores'] && {
      access: async (setIds) => (await import('./key-register-access.ts')).openableSets(context, setIds),
    }),
  };
}
