import type { RecipientsChangeResult } from '../backup/keys/results.ts';
import { PosternError, refused, usageError } from '../base/error.ts';
import { describeKey, type KeyDescription } from '../crypto/openpgp-key-description.ts';
import { recipientsNeeded, setStore } from './backup-context.ts';
import type { PosternContext } from './context.ts';

/** A configured recipient, usable or not. */
export interface ConfiguredRecipient {
  /** As the configuration names it. */
  readonly file: string;
  readonly key: KeyDescription;
}

/** @throws {PosternError} exit 2 `file-unreadable`, and as `describeKey` */
export async function configuredRecipients(context: PosternContext): Promise<readonly ConfiguredRecipient[]> {
  const { recipients } = context.settings('backup');
  const now = context.clock.now();
  return Promise.all(
    recipients.map(async (file) => ({
      file,
      key: await describeKey(await context.readText('backup', file), now),
    })),
  );
}

/** The file that the backup's settings of the profile stand in. */
export function backupConfigFile({ config }: PosternContext): string {
  return config.origins['backup'] ?? config.file;
}

/** The recipient with this fingerprint, or its last sixteen digits or more. @throws {PosternError} exit 2 */
export function findRecipient(
  recipients: readonly ConfiguredRecipient[],
  asked: string,
): ConfiguredRecipient & { readonly index: number } {
  const digits = asked.replaceAll(/\s|^0x/gi, '').toUpperCase();
  const found = recipients
    .map((recipient, index) => ({ ...recipient, index }))
    .filter(({ key }) => /^[0-9A-F]{16,40}$/.test(digits) && key.fingerprint.endsWith(digits));
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  throw usageError(
    only === undefined
      ? `no recipient has the fingerprint ${asked}`
      : `the key ${only.key.fingerprint} is configured ${found.length} times`,
    {
      code: only === undefined ? 'recipient-unknown' : 'recipient-ambiguous',
      hints: [
        only === undefined
          ? '`postern backup recipients list` shows the fingerprints; give all of it, or its last sixteen digits'
          : `take all but one of them out by hand: ${found.map(({ file }) => file).join(', ')}`,
      ],
    },
  );
}

/** @throws {PosternError} exit 6, `recipients-too-few`: a set that one key alone opens is lost with that key */
export function requireEnough(context: PosternContext, remaining: readonly ConfiguredRecipient[]): void {
  const needed = recipientsNeeded(context);
  const usable = remaining.filter(({ key }) => key.encryption.possible);
  const different = new Set(usable.map(({ key }) => key.fingerprint)).size;
  if (different >= needed) return;
  throw refused(`${different} of the remaining keys can be used, and ${needed} different ones are needed`, {
    code: 'recipients-too-few',
    hints: ['add its successor first: postern backup recipients add FILE'],
  });
}

/**
 * Who can open how many of the sets, without a recipient. It says only what the sets are made for.
 * @returns null where this host may not read the sets, as the one that writes them
 */
export async function accessAfterRemoval(
  context: PosternContext,
  removed: KeyDescription,
  remaining: readonly ConfiguredRecipient[],
): Promise<RecipientsChangeResult['access']> {
  const { accessWithout, readAccess } = await import('../backup/keys/set-access.ts');
  const { listSets } = await import('../backup/list.ts');
  const keyIds = ({ fingerprint, encryptionKeys }: KeyDescription) => ({
    fingerprint,
    keyIds: encryptionKeys.map(({ keyId }) => keyId),
  });
  const sets = await setStore(context);
  try {
    const complete = (await listSets(sets)).filter(({ isComplete }) => isComplete);
    const found = await readAccess(
      sets,
      complete.map(({ setId }) => setId),
      context.signal,
    );
    if (found.some(({ problem }) => problem !== null)) return null;
    const { remaining: others, ...access } = accessWithout(
      found,
      keyIds(removed),
      remaining.map(({ key }) => keyIds(key)),
    );
    return { ...access, remaining: [...others], lost: [...access.lost] };
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    return null;
  }
}
