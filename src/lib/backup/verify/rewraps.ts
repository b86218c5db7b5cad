import { isRewrapName, rewrapFolder } from '../keys/rewrap-name.ts';
import { trustedRewraps } from '../keys/trusted-rewraps.ts';
import { listFiles } from '../list.ts';
import { isEgressCap } from './egress.ts';
import type { VerifyJob } from './job.ts';

/**
 * Reads the rewraps of the set and checks their signatures. One that cannot be believed says nothing against the set,
 * and whoever may write can lay junk there: it is a note, unless it has its finding, because these keys need it.
 * @throws {PosternError} exit 1 as the store
 */
export async function noteBadRewraps(job: VerifyJob): Promise<void> {
  const { sets, setId, notes, findings, options } = job;
  const folder = rewrapFolder(setId);
  for (const name of await strangersIn(job, folder))
    notes.push(`${folder}${name} lies beside the rewraps of the set, and is none`);
  const told = new Set(findings.map(({ file }) => file));
  try {
    for await (const found of trustedRewraps(sets, setId)) {
      options.signal.throwIfAborted();
      if (!('problem' in found) || told.has(found.name)) continue;
      notes.push(
        `the rewrap ${found.name} counts for nothing, and keys that only it was made for do not open the set: ${found.problem.message}`,
      );
    }
  } catch (error) {
    if (!isEgressCap(error)) throw error;
    notes.push('rewraps were not looked at, for the egress cap');
  }
}

/** What is neither a rewrap nor the signature of one that is there. */
async function strangersIn({ sets }: VerifyJob, folder: string): Promise<readonly string[]> {
  const names: string[] = [];
  const prefix = sets.prefix + folder;
  for await (const { key } of listFiles(sets.store, prefix)) names.push(key.slice(prefix.length));
  const rewraps = new Set(names.filter(isRewrapName));
  return names.filter(
    (name) => !rewraps.has(name) && !(name.endsWith('.asc') && rewraps.has(name.slice(0, -'.asc'.length))),
  );
}
