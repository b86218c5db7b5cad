import { addFinding, keepIntegrity } from '../finding.ts';
import { fileName } from '../format/layout.ts';
import type { SignedSet } from '../read-set.ts';
import { isVersionless } from '../signed-object.ts';
import type { SetFiles, VerifyJob } from './job.ts';
import type { VerifyFinding } from './results.ts';

/** What the store lists in the set's folder, by name. */
export interface Listing {
  readonly sizes: ReadonlyMap<string, number>;
  /** False: the listing broke off, and what it does not show is not missing for that. */
  readonly isWhole: boolean;
}

export async function readListing({ sets, findings }: VerifyJob, setId: string): Promise<Listing> {
  const prefix = `${sets.prefix}${setId}/`;
  const sizes = new Map<string, number>();
  const isWhole = await keepIntegrity(findings, 'unreadable', null, async () => {
    for await (const { key, size } of sets.store.list(prefix)) sizes.set(key.slice(prefix.length), size);
    return true;
  });
  return { sizes, isWhole: isWhole === true };
}

/** Files that stand outside the signed list because they carry or are its signature. */
const outsideSums: ReadonlySet<string> = new Set([
  fileName.sums,
  fileName.sumsSignature,
  fileName.manifestSignature,
]);

/**
 * Names and sizes in the store against the signed list.
 * @returns files whose newest version cannot be the signed one, while an older one has its size: whoever reads them
 * can tell, and for those that nobody reads, this is the finding
 */
export async function compareListing(
  job: VerifyJob,
  { sizes, isWhole }: Listing,
  files: SetFiles,
): Promise<readonly VerifyFinding[]> {
  if (!isWhole) return [];
  const { set, names, folder, strangers } = files;
  const wrong = new Map<string, VerifyFinding>();
  for (const name of [...names, fileName.manifestSignature]) {
    const size = sizes.get(name);
    const signed = set.sizes.get(name);
    if (size === undefined)
      wrong.set(name, { kind: 'missing', file: folder + name, message: 'the file is not in the store' });
    else if (signed !== undefined && size !== signed)
      wrong.set(name, {
        kind: 'size',
        file: folder + name,
        message: `${size} bytes, not the ${signed} that are signed`,
      });
  }
  for (const name of strangers === 'told' ? sizes.keys() : []) {
    if (set.sums.has(name) || outsideSums.has(name)) continue;
    const message = 'the file is in the store, but not in the signed list';
    job.findings.push({ kind: 'unlisted', file: name, message });
  }
  const covered = wrong.size === 0 ? new Set<string>() : await findCovered(job, set, wrong);
  for (const [name, finding] of wrong) if (!covered.has(name)) addFinding(job.findings, finding);
  return [...covered].map((name) => shadowed(folder + name, 'an older version has the signed size'));
}

export function shadowed(file: string, underneath: string): VerifyFinding {
  const message = `somebody has written over the file or hidden it; ${underneath}, and a restore takes that one`;
  return { kind: 'shadowed', file, message };
}

/** Which of these files have an older version of the signed size. */
async function findCovered(
  { sets }: VerifyJob,
  set: SignedSet,
  wrong: ReadonlyMap<string, VerifyFinding>,
): Promise<ReadonlySet<string>> {
  const prefix = `${sets.prefix}${set.setId}/`;
  const covered = new Set<string>();
  try {
    for await (const { key, size, isLatest, isDeleteMarker } of sets.store.listVersions(prefix)) {
      const name = key.slice(prefix.length);
      const signed = set.sizes.get(name);
      if (isLatest || isDeleteMarker || !wrong.has(name)) continue;
      if (signed === undefined || signed === size) covered.add(name);
    }
  } catch (error) {
    if (!isVersionless(error)) throw error;
  }
  return covered;
}
