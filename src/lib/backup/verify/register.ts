import { fileName } from '../format/layout.ts';
import type { SignedSet } from '../read-set.ts';
import { findElsewhere } from './elsewhere.ts';
import type { VerifyJob } from './job.ts';

/** What the state database remembers of this set, against what the store has. */
export function compareRegister(job: VerifyJob, set: SignedSet | undefined): void {
  const { register, setId, findings, options } = job;
  if (options.newerKnown !== undefined) {
    const message = `the register knows a newer complete set here, ${options.newerKnown}, and the store lists this one as its newest: somebody may have rolled the store back`;
    findElsewhere(job, { setId: options.newerKnown, kind: 'missing' }, { kind: 'register', message });
  }
  const known = register === 'unknown' ? undefined : register.get(setId);
  const manifestSha256 = set?.sums.get(fileName.manifest);
  if (typeof known?.manifestSha256 !== 'string' || manifestSha256 === undefined) return;
  if (known.manifestSha256 === manifestSha256) return;
  findings.push({
    kind: 'register',
    file: fileName.manifest,
    message: `the manifest is not the one that was stored: the register knows ${known.manifestSha256}, the signed list ${manifestSha256}`,
  });
}
