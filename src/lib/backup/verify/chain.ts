import { isIntegrityError } from '../damaged-file.ts';
import { keepIntegrity } from '../finding.ts';
import { fileName } from '../format/layout.ts';
import type { SignedSet } from '../read-set.ts';
import { readSignedObject } from '../signed-object.ts';
import { findElsewhere } from './elsewhere.ts';
import type { VerifyJob } from './job.ts';
import type { VerifyFinding } from './results.ts';

/** The set before this one must be the one that the chain names, or be gone for a reason. */
export async function compareChain(job: VerifyJob, set: SignedSet): Promise<void> {
  const { previous } = set.stub;
  if (previous === null) return;
  const { setId, manifestSha256 } = previous;
  const name = `${setId}/${fileName.manifest}`;
  const unreadable: VerifyFinding[] = [];
  const look = await keepIntegrity(unreadable, 'chain', null, () =>
    lookAtPrevious(job, { name, key: job.sets.prefix + name, sha256: manifestSha256 }),
  );
  for (const finding of unreadable) findElsewhere(job, { setId, kind: 'unreadable' }, finding);
  if (look === 'changed') {
    const message = `the set before this one, ${setId}, is not the one that was there when this one was made`;
    findElsewhere(job, { setId, kind: 'chain' }, { kind: 'chain', message });
  }
  if (look === 'gone') explainHole(job, setId);
}

async function lookAtPrevious(
  { sets }: VerifyJob,
  signed: { readonly name: string; readonly key: string; readonly sha256: string },
): Promise<'there' | 'changed' | 'gone'> {
  try {
    await readSignedObject(sets.store, signed);
    return 'there';
  } catch (error) {
    if (!isIntegrityError(error)) throw error;
    if (error.code === 'file-missing') return 'gone';
    if (error.code === 'file-changed') return 'changed';
    throw error;
  }
}

/** Only the register can tell a set that was pruned, or never came here, from one that somebody took away. */
function explainHole(job: VerifyJob, previous: string): void {
  const { register, sets, notes } = job;
  const known = register === 'unknown' ? undefined : register.get(previous);
  if (known?.state === 'pruned' || known?.state === 'failed') return;
  if (known?.state === 'complete') {
    const message = `the set before this one, ${previous}, is gone from ${sets.destination}, and the register does not say that it was pruned`;
    findElsewhere(job, { setId: previous, kind: 'missing' }, { kind: 'chain', message });
    return;
  }
  notes.push(
    `the set before this one, ${previous}, is not there: whether it was pruned or taken away is unknown, because the state database ${register === 'unknown' ? 'was not asked' : 'does not know it'}`,
  );
}
