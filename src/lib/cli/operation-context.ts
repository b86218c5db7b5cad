import { currentActor } from '../audit/actor.ts';
import { usageError } from '../base/error.ts';
import type { Pool } from '../base/postgres.ts';
import { type DsseSigner, ed25519Signer } from '../crypto/dsse.ts';
import type { OperationContext } from '../operation/context.ts';
import { checkedState } from './checked-state.ts';
import type { PosternContext } from './context.ts';
import { operatorFingerprint } from './operator.ts';

/** What plans and certificates work with, from the configuration. */
export async function operationContext(context: PosternContext): Promise<OperationContext> {
  const fingerprint = await operatorFingerprint(context);
  let state: Promise<Pool> | undefined;
  return {
    profile: context.profile,
    clock: context.clock,
    progress: context.progress,
    actor: currentActor(fingerprint === undefined ? {} : { fingerprint }),
    signal: context.signal,
    approvalsFor: (kind) => context.approvalsFor(kind),
    state: () => (state ??= checkedState(context)),
    certificateSigner: () => certificateSigner(context),
  };
}

/** Who signs certificates; undefined where none is configured. */
export async function certificateSigner(context: PosternContext): Promise<DsseSigner | undefined> {
  const settings = context.config.profile.certificates;
  if (settings === undefined) return undefined;
  if ('key' in settings.signer)
    return ed25519Signer(await context.readText('certificates', settings.signer.key));
  const { kmsSigner } = await import('../operation/certificate-signer.ts');
  return kmsSigner(await context.kms(), settings.signer.kms_key);
}

/** The public keys whose certificates are believed. @throws {PosternError} exit 2 when none is configured */
export async function trustedCertificateKeys(context: PosternContext): Promise<readonly string[]> {
  const paths = context.settings('certificates').trust ?? [];
  if (paths.length === 0) {
    throw usageError('no public key for certificates is configured', {
      code: 'not-configured',
      hints: ['name it under certificates.trust, or give it with --key'],
    });
  }
  return Promise.all(paths.map((path) => context.readText('certificates', path)));
}
