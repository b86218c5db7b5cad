import { constants } from 'node:fs';
import { access, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import type { RecipientsChangeResult } from '../backup/keys/results.ts';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { readCheckedYaml } from '../base/checked-yaml.ts';
import { PosternError, refused, usageError } from '../base/error.ts';
import { fileProblem } from '../base/file-problem.ts';
import { editList, type ListEdit } from '../config/edit-list.ts';
import { configFile } from '../config/schema.ts';
import { describeKey, type KeyDescription } from '../crypto/openpgp-key-description.ts';
import { recipientsNeeded, setStore } from './backup-context.ts';
import type { PosternContext } from './context.ts';
import { defaultSandboxConfig } from './sandbox-config.ts';

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

/** How the configuration shall name a key file: from its own folder where it lies below that. */
export function recipientPath(context: PosternContext, file: string): string {
  const path = resolve(file);
  const below = relative(dirname(backupConfigFile(context)), path);
  return below.startsWith('..') ? path : below;
}

/** A change that is ready to be written: everything that could stand in its way has been looked at. */
export interface PreparedEdit {
  readonly recipients: readonly string[];
  /** Errors as `writeFileAtomic`. */
  write(): Promise<void>;
}

/**
 * Prepares a change of the profile's recipients in its configuration file; nothing else of the file changes.
 * @throws {PosternError} exit 2 `config-not-editable`, with what to change by hand
 */
export async function prepareEdit(context: PosternContext, edit: ListEdit): Promise<PreparedEdit> {
  const path = ['profiles', context.profile, 'backup', 'recipients'];
  const before = context.settings('backup').recipients;
  const recipients =
    edit.kind === 'add' ? [...before, edit.value] : before.filter((_, index) => index !== edit.index);
  const named = backupConfigFile(context);
  try {
    if (named === defaultSandboxConfig(process.env))
      throw usageError(`${named} belongs to the sandbox, which writes it anew`, {
        code: 'config-not-editable',
      });
    const file = await realpath(named);
    await access(file, constants.W_OK);
    await access(dirname(file), constants.W_OK);
    const text = await editList(await readFile(file, 'utf8'), path, edit);
    await readCheckedYaml(text, named, configFile);
    const { mode } = await stat(file);
    return { recipients, write: () => writeFileAtomic(file, text, { mode: mode & 0o777 }) };
  } catch (error) {
    const why = error instanceof PosternError ? error.message : `${named}: ${fileProblem(error)}`;
    throw usageError(why, {
      code: 'config-not-editable',
      cause: error,
      hints: [`change ${path.join('.')} by hand to: ${JSON.stringify(recipients)}`],
    });
  }
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

/** What a removal means, for a person. */
export function accessLines(access: RecipientsChangeResult['access']): readonly string[] {
  if (access === null)
    return ['who can open the sets cannot be seen from here: postern backup recipients sets KEYFILE tells'];
  return [
    ...access.remaining.map(({ fingerprint, sets }) => `${fingerprint} opens ${sets} of ${access.sets} sets`),
    ...(access.lost.length === 0
      ? []
      : [`none of them opens ${access.lost.join(', ')}: wrap them again first, postern backup rewrap --all`]),
  ];
}
