import type { PosternContext } from './context.ts';

/** The keys of the key management service that the profile names, and what for. */
export function namedKmsKeys(
  context: PosternContext,
): readonly { readonly keyId: string; readonly usedFor: string }[] {
  const { backup, certificates, keys } = context.config.profile;
  const certificateKey =
    certificates !== undefined && 'kms_key' in certificates.signer ? certificates.signer.kms_key : undefined;
  const named = [
    { keyId: backup?.kms_key, usedFor: 'opens backup sets' },
    { keyId: certificateKey, usedFor: 'signs certificates' },
    ...Object.entries(keys?.passwords ?? {}).map(([name, { kms_file: file }]) => ({
      keyId: file?.kms_key,
      usedFor: `seals the password ${name}`,
    })),
  ];
  return named.flatMap(({ keyId, usedFor }) => (keyId === undefined ? [] : [{ keyId, usedFor }]));
}
