import { fileName } from '../format/layout.ts';
import { openBase } from '../open-base.ts';
import type { SignedSet } from '../read-set.ts';
import type { SetFiles, VerifyJob } from './job.ts';

/** What a reader of the archives needs to open them, and the archives. */
const needed = /^objects\/\d+\.tar\.zst\.pgp$/;
const opening: ReadonlySet<string> = new Set([fileName.stub, fileName.manifest, fileName.sessionKeys]);

/**
 * The sets that hold mail objects of this one, as its signed stub names them, with their archives. Which of these are
 * needed only the encrypted index tells; so all of them are looked at. What cannot be believed is a finding.
 */
export async function openBases(job: VerifyJob, { stub }: SignedSet): Promise<readonly SetFiles[]> {
  const bases: SetFiles[] = [];
  for (const setId of stub.base) {
    const set = await openBase(job.sets, setId, job.findings);
    if (set === undefined) continue;
    const names = [...set.sums.keys()].filter((name) => needed.test(name) || opening.has(name));
    bases.push({ set, names, folder: `${setId}/`, strangers: 'left' });
  }
  return bases;
}
