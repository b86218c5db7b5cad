import { type Look, verdictOf } from './rule.ts';
import { meansKey } from './same-key.ts';

/** Nothing in the profile names the key, no file of it is sealed and no bucket encrypted by it. */
export const notConfigured: Look = async ({ context, kms, key }) => {
  const against: string[] = [];
  const untold: string[] = [];
  for (const { keyId, usedFor } of await context.namedKeys()) {
    const means = await meansKey(kms, key, keyId);
    if (means === 'yes') against.push(`it ${usedFor}`);
    if (means === 'unknown')
      untold.push(`${keyId ?? 'a key that cannot be asked for'}, which may be it, ${usedFor}`);
  }
  return verdictOf({
    against,
    untold,
    met: `profile ${context.profile} does not name it, nor is a file of it sealed or a bucket encrypted by it`,
  });
};
