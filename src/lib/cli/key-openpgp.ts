import { realpath } from 'node:fs/promises';
import { PosternError } from '../base/error.ts';
import type { OpenpgpContext } from '../key/openpgp/index.ts';
import type { PosternContext } from './context.ts';
import { operationContext } from './operation-context.ts';
import { passphraseFile } from './passphrase.ts';

/** All that rotating OpenPGP keys needs. @throws {PosternError} exit 2 */
export async function openpgpContext(context: PosternContext): Promise<OpenpgpContext> {
  const {
    recipients,
    trusted_signers: signers,
    secret_keys: secrets = [],
    signer,
  } = context.settings('backup');
  const at = (path: string): string => context.path('backup', path);
  return {
    ...(await operationContext(context)),
    publicFiles: [...recipients, ...signers].map(at),
    secretFiles: [...secrets, signer.secret_key].map(at),
    passphrase: async (secretFile, file) =>
      file === null ? configuredPassphrase(context, secretFile) : passphraseFile(file),
    setsOpenedBy: async (keyIds) => setsOpenedBy(context, keyIds),
  };
}

async function configuredPassphrase(
  context: PosternContext,
  secretFile: string,
): Promise<string | undefined> {
  const { secret_keys: secrets = [], secret_key_passphrase: ofSecrets, signer } = context.settings('backup');
  const references = [
    ...secrets.map((path) => ({ path, reference: ofSecrets })),
    { path: signer.secret_key, reference: signer.passphrase },
  ];
  for (const { path, reference } of references) {
    const file = await realpath(context.path('backup', path)).catch(() => undefined);
    if (file === secretFile && reference !== undefined) return context.secret('backup', reference);
  }
  return undefined;
}

/** What the register and the stores say; where neither can be asked, nobody knows. */
async function setsOpenedBy(
  context: PosternContext,
  keyIds: readonly string[],
): ReturnType<OpenpgpContext['setsOpenedBy']> {
  const { copyFacts } = await import('../backup/status/facts.ts');
  const { openableSets } = await import('./key-register-access.ts');
  try {
    const copies = (await copyFacts(await context.state(), context.profile)).filter(
      ({ copyState }) => copyState === 'complete',
    );
    const access = await openableSets(context, [...new Set(copies.map(({ setId }) => setId))]);
    const open = access.filter(({ keyIds: opening }) => keyIds.some((id) => opening.has(id)));
    const unknown = access.filter(({ problem }) => problem !== null).length;
    if (unknown === access.length && unknown > 0) return undefined;
    const ids = new Set(open.map(({ setId }) => setId));
    const locks = copies.flatMap(({ setId, lockUntil }) => (ids.has(setId) ? (lockUntil ?? []) : []));
    return { sets: open.length, lockedUntil: locks.toSorted().at(-1) ?? null, unknown };
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    return undefined;
  }
}
