import { constants } from 'node:fs';
import { access, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { audited } from '../audit/audited.ts';
import type { RecipientsChangeResult } from '../backup/keys/results.ts';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { readCheckedYaml } from '../base/checked-yaml.ts';
import { PosternError, usageError } from '../base/error.ts';
import { fileProblem } from '../base/file-problem.ts';
import { editList, type ListEdit } from '../config/edit-list.ts';
import { configFile } from '../config/schema.ts';
import { backupConfigFile } from './backup-recipients.ts';
import type { PosternContext } from './context.ts';
import { operationContext } from './operation-context.ts';
import { type Asking, confirmYes } from './prompt.ts';
import { defaultSandboxConfig } from './sandbox-config.ts';

/** How the configuration shall name a key file: from its own folder where it lies below that. */
export function recipientPath(context: PosternContext, file: string): string {
  const path = resolve(file);
  const below = relative(dirname(backupConfigFile(context)), path);
  return below.startsWith('..') ? path : below;
}

/** A change that is ready to be written: everything that could stand in its way has been looked at. */
interface PreparedEdit {
  readonly configFile: string;
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
    return {
      configFile: named,
      recipients,
      write: () => writeFileAtomic(file, text, { mode: mode & 0o777 }),
    };
  } catch (error) {
    const why = error instanceof PosternError ? error.message : `${named}: ${fileProblem(error)}`;
    throw usageError(why, {
      code: 'config-not-editable',
      cause: error,
      hints: [`change ${path.join('.')} by hand to: ${JSON.stringify(recipients)}`],
    });
  }
}

/** A recipient that is to come or to go. */
interface RecipientChange {
  readonly action: 'backup.recipients.add' | 'backup.recipients.remove';
  /** As the configuration names it. */
  readonly file: string;
  readonly fingerprint: string;
  readonly edit: PreparedEdit;
}

/** What a command returns of a change, whether it was written or would be. */
export function changeResult(
  { file, fingerprint, edit }: RecipientChange,
  access: RecipientsChangeResult['access'],
): Omit<RecipientsChangeResult, 'change'> {
  return { configFile: edit.configFile, file, fingerprint, recipients: [...edit.recipients], access };
}

/** Asks, and writes the change between its entries in the audit log. Errors as `confirmYes`, `audited` and `PreparedEdit.write`. */
export async function confirmAndWrite(
  context: PosternContext,
  { action, file, fingerprint, edit }: RecipientChange,
  { question, asking }: { readonly question: string; readonly asking: Asking },
): Promise<void> {
  await confirmYes(question, asking);
  const detail = { profile: context.profile, file };
  await audited(await operationContext(context), { action, target: fingerprint, detail }, () => edit.write());
}

/** Who can open how many of the sets after a removal, for a person. */
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
