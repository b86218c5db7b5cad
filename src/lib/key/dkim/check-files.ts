import { messageOf } from '../../base/error.ts';
import type { DkimContext } from './context.ts';
import { activeLines, listKeyFiles, modeOf, readActiveFile, readKeyFile } from './key-folder.ts';
import type { RegisteredSelector } from './state.ts';

/** What is wrong with a selector's private key, a sentence each: it must sign, or be gone. */
export async function checkKeyFile(
  { fileMode }: Pick<DkimContext, 'fileMode'>,
  { keyFile, state, publicKey }: RegisteredSelector,
): Promise<readonly string[]> {
  const mode = await modeOf(keyFile);
  if (state === 'destroyed') return mode === undefined ? [] : [`its private key ${keyFile} is there again`];
  const mustSign = state === 'prepared' || state === 'published' || state === 'active';
  if (mode === undefined) return mustSign ? [`its private key ${keyFile} is gone`] : [];
  const tooOpen = mode & ~fileMode & 0o077;
  return [
    ...(tooOpen === 0 ? [] : [`its private key ${keyFile} has mode ${mode.toString(8).padStart(4, '0')}`]),
    ...(await differs(keyFile, publicKey)),
  ];
}

async function differs(keyFile: string, publicKey: string): Promise<readonly string[]> {
  try {
    const found = await readKeyFile(keyFile);
    return found?.publicKey === publicKey ? [] : [`${keyFile} holds another key than the register knows`];
  } catch (error) {
    return [messageOf(error)];
  }
}

/** What is wrong with a domain's folder: a list for the signer that is not the register's, keys that nobody knows. */
export async function checkFolder(
  context: Pick<DkimContext, 'folder' | 'fileMode'>,
  domain: string,
  selectors: readonly RegisteredSelector[],
): Promise<readonly string[]> {
  const active = selectors.filter(({ state }) => state === 'active');
  const told = await readActiveFile(context, domain);
  const isOther = told !== undefined && told !== activeLines(active);
  const known = new Set(selectors.map(({ keyFile }) => keyFile));
  const strangers = (await listKeyFiles(context, domain)).filter((path) => !known.has(path));
  return [
    ...(isOther ? ['the signer is told of other keys than those that the register has as active'] : []),
    ...strangers.map((path) => `${path} belongs to no selector of the register`),
  ];
}
