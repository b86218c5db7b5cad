import { PosternError } from '../../base/error.ts';
import { inParallel } from '../../base/in-parallel.ts';
import { checkSignature } from '../check-signature.ts';
import { aboutFile } from '../damaged-file.ts';
import { addFinding, keepIntegrity } from '../finding.ts';
import type { Manifest } from '../format/manifest.ts';
import type { TableSum } from '../format/row-checksum.ts';
import { type FoundObject, readSignedObject } from '../signed-object.ts';
import { isEgressCap } from './egress.ts';
import { type Amount, amountOf, type VerifyJob, type VerifyTarget } from './job.ts';
import { shadowed } from './listing.ts';
import type { FileRecord, VerifyRecord } from './record.ts';
import { openReader, type SealedReader } from './sealed-reader.ts';
import { compareTables } from './tables.ts';

export interface FilesToRead {
  readonly targets: readonly VerifyTarget[];
  /** Names of files that were read already, and found good. */
  readonly atOpening: ReadonlySet<string>;
  readonly record: VerifyRecord;
  /** Where keys are at hand that open the set. */
  readonly manifest: Manifest | undefined;
}

export interface ReadFiles {
  /** Read now. */
  readonly checked: Amount;
  /** Found good by the run that this one goes on with. */
  readonly skipped: Amount;
  /** Not read, for the egress cap. */
  readonly remaining: Amount;
  readonly rows: number | null;
  /** Names of all that were read, now or before. */
  readonly names: ReadonlySet<string>;
}

/**
 * Reads files and compares each with its signed hash; with a manifest, opens them and compares what is inside, and
 * the rows of every table all of whose parts were read.
 */
export async function readContents(
  job: VerifyJob,
  { targets, atOpening, record, manifest }: FilesToRead,
): Promise<ReadFiles> {
  const { options, findings } = job;
  const { signal, progress } = options;
  const missing = new Set(findings.filter(({ kind }) => kind === 'missing').map(({ file }) => file));
  const present = targets.filter(({ name }) => !missing.has(name));
  const read = present.filter(({ name }) => atOpening.has(name));
  const unread = present.filter(({ name }) => !atOpening.has(name));
  const shared = sharedFiles(job);
  const isSkipped = (target: VerifyTarget): boolean => isDone(record.done.get(target.name), target);
  const isShared = (target: VerifyTarget): boolean => isDone(shared.get(target), target);
  const skipped = unread.filter(isSkipped);
  const sharing = unread.filter((target) => !isSkipped(target) && isShared(target));
  const due = unread.filter((target) => !isSkipped(target) && !isShared(target));
  for (const target of sharing) {
    const known = shared.get(target);
    if (known !== undefined) await record.add(target.name, known);
  }
  const sums = new Map<string, TableSum>();
  for (const { name } of skipped) {
    const sum = record.done.get(name)?.sum;
    if (sum !== undefined) sums.set(name, sum);
  }
  const remaining: VerifyTarget[] = [];
  const step = progress.step(`verifying ${due.length} files`, { total: amountOf(due).bytes, unit: 'bytes' });
  const isAnySealed = due.some(({ entry }) => entry !== undefined);
  const reader = isAnySealed ? await openReader(job) : undefined;
  try {
    await inParallel(due, options.workers + 1, async (target) => {
      signal.throwIfAborted();
      const file = await withinCap(job, target, () => readTarget(job, target, reader));
      if (file === 'beyond the cap') {
        remaining.push(target);
        return;
      }
      step.advance(target.size ?? 0);
      if (file.sum !== undefined) sums.set(target.name, file.sum);
      if (file.record === undefined) return;
      shared.add(target, file.record);
      await record.add(target.name, file.record);
    });
  } finally {
    await reader?.close();
  }
  step.done();
  if (manifest !== undefined) compareTables(job, manifest, sums);
  const left = new Set(remaining);
  const checked = [...read, ...sharing, ...due.filter((target) => !left.has(target))];
  return {
    checked: amountOf(checked),
    skipped: amountOf(skipped),
    remaining: amountOf(remaining),
    rows: manifest === undefined ? null : rowsOf(present, sums),
    names: new Set([...skipped, ...checked].map(({ name }) => name)),
  };
}

/** Wrapped keys are columns of rows that are counted already. */
function rowsOf(targets: readonly VerifyTarget[], sums: ReadonlyMap<string, TableSum>): number {
  return targets
    .filter(({ entry }) => entry?.kind === 'table-data')
    .reduce((rows, { name }) => rows + (sums.get(name)?.rows ?? 0), 0);
}

/** What was only read is read again once a key is at hand. */
function isDone(found: FileRecord | undefined, { sha256, entry }: VerifyTarget): boolean {
  return found?.sha256 === sha256 && (found.depth === 'opened' || entry === undefined);
}

/** Archives that several sets share, as far as this run has read them: of the sets that are built upon. */
function sharedFiles({ sets: { destination }, options: { shared } }: VerifyJob) {
  const place = ({ key }: VerifyTarget): string => `${destination} ${key}`;
  return {
    get: (target: VerifyTarget): FileRecord | undefined => shared?.get(place(target)),
    add: (target: VerifyTarget, found: FileRecord): void => {
      if (target.base !== undefined) shared?.set(place(target), found);
    },
  };
}

async function withinCap<T>(
  { egress }: VerifyJob,
  { size = 0 }: VerifyTarget,
  work: () => Promise<T>,
): Promise<T | 'beyond the cap'> {
  if (!egress.fits(size)) return 'beyond the cap';
  try {
    return await work();
  } catch (error) {
    if (isEgressCap(error)) return 'beyond the cap';
    throw error;
  }
}

interface ReadFile {
  /** Of a part with rows. */
  readonly sum: TableSum | undefined;
  /** To be kept; undefined when there is a finding about the file. */
  readonly record: FileRecord | undefined;
}

async function readTarget(
  job: VerifyJob,
  target: VerifyTarget,
  reader: SealedReader | undefined,
): Promise<ReadFile> {
  const { sets, findings } = job;
  const { name, sha256, entry } = target;
  const found = await keepIntegrity(findings, 'changed', name, () =>
    aboutFile(name, () => readSignedObject(sets.store, target)),
  );
  if (found === undefined) return { sum: undefined, record: undefined };
  if (found.version === 'older')
    addFinding(findings, shadowed(name, 'the version with the signed bytes is still there'));
  const isVouched = entry?.kind !== 'keyring' || (await checkKeyringSignature(job, target, found));
  const isGood = isVouched && found.version === 'newest';
  if (entry === undefined || reader === undefined)
    return { sum: undefined, record: isGood ? { sha256, depth: 'read', sum: undefined } : undefined };
  const inside = await compareInside(job, target, found, reader);
  const sum = entry.headerBytes === undefined ? undefined : inside;
  return { sum, record: isGood && inside !== undefined ? { sha256, depth: 'opened', sum } : undefined };
}

/** A keyring stands outside the signed list and has a signature of its own beside it. */
async function checkKeyringSignature(
  { sets, findings }: VerifyJob,
  { name, key }: VerifyTarget,
  { bytes }: FoundObject,
): Promise<boolean> {
  const signature = { name: `${name}.asc`, key: `${key}.asc` };
  const version = await keepIntegrity(findings, 'signature', signature.name, () =>
    checkSignature(sets, bytes, signature),
  );
  if (version === 'older')
    addFinding(findings, shadowed(signature.name, 'the version that vouches for the keyring is still there'));
  return version === 'newest';
}

async function compareInside(
  { findings, notes }: VerifyJob,
  { name, entry, opener }: VerifyTarget,
  { bytes }: FoundObject,
  reader: SealedReader,
): Promise<TableSum | undefined> {
  if (entry === undefined || opener === undefined) return undefined;
  const inspected = await keepIntegrity(findings, 'contents', name, async () => {
    try {
      return await reader.inspect(entry, opener, bytes);
    } catch (error) {
      if (!(error instanceof PosternError) || error.code !== 'session-key-missing') throw error;
      notes.push(`${name} was not opened: ${error.message}`);
      return undefined;
    }
  });
  if (inspected === undefined) return undefined;
  const isSame =
    inspected.plainSize === entry.plainSize &&
    inspected.plainSha256 === entry.plainSha256 &&
    (entry.rows ?? inspected.rows) === inspected.rows;
  if (isSame) return { rows: inspected.rows, checksum: inspected.checksum };
  const message = 'the text inside is not what the manifest says';
  findings.push({ kind: 'contents', file: name, message });
  return undefined;
}
