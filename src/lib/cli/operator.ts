import type { PosternContext } from './context.ts';

/** The OpenPGP key that the person at this terminal signs with. */
export interface OperatorKey {
  readonly secretKey: string;
  readonly passphrase?: string;
  readonly fingerprint: string;
}

/** The configured operator's secret key, unlocked to see that it opens; undefined where none is configured. */
export async function operatorKey(context: PosternContext): Promise<OperatorKey | undefined> {
  const operator = context.config.profile.operator;
  if (operator?.secret_key === undefined) return undefined;
  const { readSecretKey } = await import('../crypto/openpgp-secret-key.ts');
  const secretKey = await context.readText('operator', operator.secret_key);
  const passphrase =
    operator.passphrase === undefined ? undefined : await context.secret('operator', operator.passphrase);
  const { fingerprint } = await readSecretKey(secretKey, passphrase);
  return { secretKey, fingerprint, ...(passphrase === undefined ? {} : { passphrase }) };
}

/** Who works here, for the audit log: the fingerprint that the configuration claims, else the key's own. */
export async function operatorFingerprint(context: PosternContext): Promise<string | undefined> {
  return context.config.profile.operator?.fingerprint ?? (await operatorKey(context))?.fingerprint;
}
