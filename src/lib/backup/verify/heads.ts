import { inParallel } from '../../base/in-parallel.ts';
import type { StoredObject } from '../../cloud/object-store.ts';
import { addFinding, keepIntegrity } from '../finding.ts';
import { fileName } from '../format/layout.ts';
import { olderVersions } from '../signed-object.ts';
import type { SetFiles, VerifyJob, VerifyTarget } from './job.ts';
import { shadowed } from './listing.ts';
import { checkLock } from './lock.ts';

const requestsAtOnce = 8;

/** What one HEAD can tell of a file, and what it is compared with. */
interface HeadTarget {
  readonly name: string;
  readonly key: string;
  readonly size: number | undefined;
  readonly sha256: string | undefined;
  /** The version that the run stored. */
  readonly versionId: string | undefined;
  /** RFC 3339. */
  readonly lockedUntil: string | undefined;
}

/**
 * Asks the store about every file: size, checksum where it keeps one, the version that was stored, and its lock.
 * @returns the earliest end of a lock, RFC 3339
 */
export async function lookAtHeads(
  job: VerifyJob,
  targets: readonly VerifyTarget[],
  folders: readonly SetFiles[],
): Promise<string | undefined> {
  const { options } = job;
  const heads = folders.flatMap((folder) => headTargets(job, targets, folder));
  const step = options.progress.step(`asking about ${heads.length} files`, {
    total: heads.length,
    unit: 'objects',
  });
  const ends: string[] = [];
  await inParallel(heads, requestsAtOnce, async (target) => {
    options.signal.throwIfAborted();
    await keepIntegrity(job.findings, 'unreadable', target.name, async () => {
      const found = await findSigned(job, target);
      const end = found === undefined ? undefined : checkLock(job, target, found);
      if (end !== undefined) ends.push(end);
    });
    step.advance(1);
  });
  step.done();
  const [earliest] = ends.toSorted();
  if (earliest !== undefined && Date.parse(earliest) <= job.clock.now().getTime())
    job.notes.push(`the lock of files of the set ended on ${earliest}: whoever may delete can delete them`);
  return earliest;
}

/** Of one set: those of its files that are looked at, and what carries or is a signature. */
function headTargets(
  { sets, setId, register }: VerifyJob,
  targets: readonly VerifyTarget[],
  { set, folder }: SetFiles,
): readonly HeadTarget[] {
  const base = set.setId === setId ? undefined : set.setId;
  const own = targets.filter((target) => target.base === base);
  // The clear files were stored with the same lock as those that the manifest can name.
  const [common] = own
    .filter(({ entry }) => entry?.kind !== 'keyring')
    .map(({ entry }) => entry?.copies[sets.destination]?.lockedUntil)
    .filter((until) => until !== undefined)
    .toSorted();
  const known = register === 'unknown' ? undefined : register.get(set.setId);
  const objectsLock = base === undefined ? null : known?.objectsLockUntil;
  const clearLock = common ?? objectsLock ?? known?.lockUntil ?? undefined;
  const beside = [fileName.sums, fileName.sumsSignature, fileName.manifestSignature];
  return [
    ...own.map(({ name, key, size, sha256, entry }) => {
      const copy = entry?.copies[sets.destination];
      const lockedUntil = entry === undefined ? clearLock : copy?.lockedUntil;
      return { name, key, size, sha256, versionId: copy?.versionId, lockedUntil };
    }),
    ...beside.map((name) => ({
      name: folder + name,
      key: `${sets.prefix}${set.setId}/${name}`,
      size: undefined,
      sha256: undefined,
      versionId: undefined,
      lockedUntil: clearLock,
    })),
  ];
}

/** The version that was stored by the run, or what can be taken for it. */
async function findSigned(job: VerifyJob, target: HeadTarget): Promise<StoredObject | undefined> {
  const { store } = job.sets;
  const { name, key, versionId } = target;
  const newest = await store.head(key);
  // Of a file that no list names, only a reader has found out that another one lies over it.
  const isCovered = job.findings.some(({ kind, file }) => kind === 'shadowed' && file === name);
  const fits = newest !== undefined && !isCovered && isAsSigned(newest, target);
  if (fits && (versionId === undefined || newest.versionId === versionId)) return newest;
  const signed = await findUnderneath(job, target);
  if (signed !== undefined) {
    addFinding(job.findings, shadowed(name, 'the signed version is still there'));
    return signed;
  }
  // A bucket that was copied has versions of its own.
  if (fits) return newest;
  if (newest === undefined)
    addFinding(job.findings, { kind: 'missing', file: name, message: 'the file is not in the store' });
  else addFinding(job.findings, differing(target, newest));
  return undefined;
}

async function findUnderneath(
  { sets: { store } }: VerifyJob,
  target: HeadTarget,
): Promise<StoredObject | undefined> {
  const { key, size, versionId } = target;
  if (versionId !== undefined) {
    const found = await store.head(key, { versionId });
    if (found !== undefined && isAsSigned(found, target)) return found;
  }
  for (const older of await olderVersions(store, key, size)) {
    if (older.versionId === undefined) continue;
    const found = await store.head(key, { versionId: older.versionId });
    if (found !== undefined && isAsSigned(found, target)) return found;
  }
  return undefined;
}

function isAsSigned(found: StoredObject, { size, sha256 }: HeadTarget): boolean {
  const hasSize = size === undefined || found.size === size;
  return hasSize && (sha256 === undefined || found.sha256 === undefined || found.sha256 === sha256);
}

function differing({ name, size }: HeadTarget, found: StoredObject) {
  return size === undefined || found.size === size
    ? ({
        kind: 'changed',
        file: name,
        message: 'the checksum that the store keeps is not the signed one',
      } as const)
    : ({
        kind: 'size',
        file: name,
        message: `${found.size} bytes, not the ${size} that are signed`,
      } as const);
}
