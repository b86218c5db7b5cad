import { canonicalJson } from '../../crypto/canonical-json.ts';
import { addFinding, keepIntegrity, keepIntegrityIn } from '../finding.ts';
import { objectsIndexName, objectsPartName } from '../format/layout.ts';
import type { Manifest, ManifestObjects } from '../format/manifest.ts';
import { rowChecksum } from '../format/row-checksum.ts';
import { openBase } from '../open-base.ts';
import type { SignedSet } from '../read-set.ts';
import { compareLines, type IndexLine, type StoredLine } from './index-line.ts';
import { type ObjectArchive, objectArchive } from './read-archive.ts';
import { readIndex } from './read-index.ts';
import type { ObjectSets, ReadableSet } from './readable-set.ts';
import { type ObjectTally, objectTally } from './tally.ts';

/** As all of `backup verify` tells them. */
export type VerifyFinding = Parameters<typeof addFinding>[1];

export interface VerifyObjectsOptions {
  /**
   * Whose archives are read to the last byte: none (the index alone is compared), the set's own, or also those of the
   * sets that it builds upon.
   */
  readonly contents: 'none' | 'own' | 'all';
  readonly signal: AbortSignal;
  /** Told of each object that was looked at. */
  readonly onObject?: () => void;
}

/** A set of the index, as far as it can be read. */
interface IndexedSet {
  readonly set: SignedSet;
  readonly partPlainSize: number;
  readonly archive: ObjectArchive | undefined;
  /** Stands in front of its files' names in findings. */
  readonly folder: string;
}

/** The set and those that the manifest says it builds upon; undefined: it is gone or damaged. */
type IndexedSets = ReadonlyMap<string, IndexedSet | undefined>;

/**
 * Compares the index of a set's mail objects with its manifest, and every object with the index: its bytes must be in
 * parts that this set, or one that it builds upon, has in its signed list.
 * @returns what is wrong; a set without mail objects has nothing wrong with them
 * @throws {PosternError} exit 1 when something cannot be looked at
 */
export async function verifyObjects(
  sets: ObjectSets,
  manifest: Manifest,
  options: VerifyObjectsOptions,
): Promise<readonly VerifyFinding[]> {
  const { objects, setId } = manifest;
  if (objects === null) return [];
  const findings: VerifyFinding[] = [];
  const own = await sets.openSet(setId);
  const indexed = await openIndexed(sets, manifest, objects, own, options, findings);
  const checksum = rowChecksum();
  const tally = objectTally(setId);
  let last: IndexLine | undefined;
  const isWhole = await keepIntegrity(findings, 'contents', objectsIndexName(1), async () => {
    for await (const { line, text } of readIndex(sets, own, manifest)) {
      options.signal.throwIfAborted();
      checksum.add(text);
      tally.add(line);
      options.onObject?.();
      if ('missing' in line) continue;
      if (last !== undefined && compareLines(last, line) >= 0)
        addFinding(findings, contents(null, `the index is out of order at ${line.bucket}/${line.key}`));
      last = line;
      await checkObject(line, indexed, findings);
    }
    return true;
  });
  if (isWhole === true) compareTotals(objects, checksum.sum().checksum, tally, findings);
  return findings;
}

async function openIndexed(
  sets: ObjectSets,
  { setId }: Manifest,
  { base, partPlainSize }: ManifestObjects,
  own: ReadableSet,
  { contents: depth }: VerifyObjectsOptions,
  findings: VerifyFinding[],
): Promise<IndexedSets> {
  const indexed = new Map<string, IndexedSet | undefined>();
  for (const earlier of base) {
    const set = await openBase(sets.sets, earlier.setId, findings);
    if (set === undefined) {
      indexed.set(earlier.setId, undefined);
      continue;
    }
    const archive =
      depth === 'all'
        ? objectArchive(sets, await sets.openSet(earlier.setId), earlier.partPlainSize)
        : undefined;
    indexed.set(earlier.setId, {
      set,
      partPlainSize: earlier.partPlainSize,
      archive,
      folder: `${earlier.setId}/`,
    });
  }
  const archive = depth === 'none' ? undefined : objectArchive(sets, own, partPlainSize);
  indexed.set(setId, { set: own.set, partPlainSize, archive, folder: '' });
  return indexed;
}

async function checkObject(line: StoredLine, indexed: IndexedSets, findings: VerifyFinding[]): Promise<void> {
  if (!indexed.has(line.set)) {
    const message = `the index says that ${line.bucket}/${line.key} is in ${line.set}, which the manifest does not name`;
    addFinding(findings, contents(objectsIndexName(1), message));
    return;
  }
  const found = indexed.get(line.set);
  // A set that could not be opened has its finding already.
  if (found === undefined) return;
  const { partPlainSize, archive, folder, set } = found;
  const first = Math.floor((line.offset - line.head) / partPlainSize);
  const last = Math.floor((line.offset + Math.max(line.size, 1) - 1) / partPlainSize);
  for (let part = first; part <= last; part += 1) {
    const name = objectsPartName(part + 1);
    if (set.sums.has(name)) continue;
    const message = `the set has no such part, and the index says that ${line.bucket}/${line.key} is in it`;
    addFinding(findings, { kind: 'missing', file: folder + name, message });
    return;
  }
  if (archive === undefined) return;
  await keepIntegrityIn(findings, 'contents', { folder, file: objectsPartName(first + 1) }, async () => {
    for await (const _ of (await archive.read(line)).body);
  });
}

/** The numbers of the manifest, against those of the index. */
function compareTotals(
  { base, partPlainSize: _part, archiveSize: _archive, mode: _mode, ...told }: ManifestObjects,
  checksum: string,
  tally: ObjectTally,
  findings: VerifyFinding[],
): void {
  const found = { ...tally.totals(told.buckets.map(({ name }) => name)), checksum };
  if (canonicalJson(found) !== canonicalJson(told))
    findings.push(contents(null, 'the index of mail objects is not the one that the manifest tells of'));
  for (const { setId } of base) {
    if (!tally.sets().has(setId))
      findings.push(
        contents(null, `the manifest says that mail objects are in ${setId}, and the index does not`),
      );
  }
}

function contents(file: string | null, message: string): VerifyFinding {
  return { kind: 'contents', file, message };
}
