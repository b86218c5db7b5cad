import { resolve } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { failure } from '../base/error.ts';
import { fileProblem } from '../base/file-problem.ts';
import {
  changedSelectors,
  type DkimContext,
  nsupdateScript,
  readSelectors,
  zoneLines,
} from '../key/dkim/index.ts';

/** What is to be changed in a zone: lines for its file, or a script in a file. */
export interface ZoneChange {
  readonly lines: readonly string[];
  readonly nsupdateFile: string | null;
}

/**
 * What the zone shall have and may not have yet; or all that it shall have.
 * @param script where to write a script for nsupdate
 * @throws {PosternError} exit 1 `script-unwritten`
 */
export async function zoneChange(
  context: DkimContext,
  domain: string,
  { which, script }: { readonly which: 'changed' | 'all'; readonly script: string | undefined },
): Promise<ZoneChange> {
  const settings = context.domain(domain);
  const known = await readSelectors(await context.state(), context.profile, domain);
  const selectors = which === 'all' ? known : changedSelectors(known);
  if (script === undefined || selectors.length === 0)
    return { lines: zoneLines(selectors, settings), nsupdateFile: null };
  const file = resolve(script);
  try {
    await writeFileAtomic(file, nsupdateScript(selectors, settings, file));
  } catch (cause) {
    throw failure(`${file} cannot be written: ${fileProblem(cause)}`, { code: 'script-unwritten', cause });
  }
  return { lines: zoneLines(selectors, settings), nsupdateFile: file };
}

/** How a person sees it: the lines, or the command that sends them. */
export function zoneText(
  { lines, nsupdateFile }: ZoneChange,
  keyFile: string | undefined,
): readonly string[] {
  if (nsupdateFile === null) return lines;
  return [`nsupdate ${keyFile === undefined ? '' : `-k ${keyFile} `}${nsupdateFile}`];
}
