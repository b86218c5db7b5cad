import { addFinding, keepIntegrity } from '../finding.ts';
import { fileName } from '../format/layout.ts';
import type { Manifest } from '../format/manifest.ts';
import type { FileOpener } from '../keys/file-opener.ts';
import { keysFor, type UnlockedKeys, unlock } from '../keys/open-keys.ts';
import { objectSets } from '../objects/readable-set.ts';
import { verifyObjects } from '../objects/verify.ts';
import { readManifest, readSealedManifest, type SignedSet } from '../read-set.ts';
import { type ReadFiles, readContents } from './contents.ts';
import { lookAtHeads } from './heads.ts';
import { amountOf, type VerifyJob, type VerifyTarget } from './job.ts';
import { keyringTargets } from './keyring.ts';
import { readsContents, samplePercentage } from './level.ts';
import { shadowed } from './listing.ts';
import { openRecord, type VerifyRecord } from './record.ts';
import { chooseSample } from './sample.ts';

export interface Inside extends ReadFiles {
  readonly opened: boolean;
  readonly seed: string | null;
  readonly lockedUntil: string | null;
}

/** Looks at the files of a set as closely as the level says. */
export async function lookInside(job: VerifyJob, set: SignedSet): Promise<Inside> {
  const { level } = job.options;
  if (level === 'list') return { ...unread(listTargets(job, set, undefined)), names: new Set() };
  const { inside, read: atOpening } = await openManifest(job, set);
  const manifest = inside?.manifest;
  const keyrings = manifest === undefined ? [] : await keyringTargets(job, manifest);
  const targets = [...listTargets(job, set, manifest), ...keyrings];
  const opened = manifest !== undefined;
  if (!readsContents(level)) {
    const lockedUntil = await lookAtHeads(job, targets, manifest);
    return { ...unread(targets), opened, lockedUntil: lockedUntil ?? null };
  }
  const record = await openRecord(job.options, { ...job.sets, setId: job.setId });
  const chosen = choose(job, targets, record);
  const read = await readContents(job, { targets: chosen, atOpening, record, inside });
  if (inside !== undefined && level === 'full' && read.remaining.files === 0)
    await compareObjects(job, inside);
  if (read.remaining.files === 0) await record.finish();
  if (record.resumedFrom !== undefined)
    job.notes.push(
      `gone on with the verification that was begun at ${record.resumedFrom}: ${read.skipped.files} files were good then and are not read again`,
    );
  return { ...read, opened, seed: record.seed ?? null, lockedUntil: null };
}

/** The files that the signed list names; with their entries, where the manifest is open. */
function listTargets(
  { sets, setId }: VerifyJob,
  set: SignedSet,
  manifest: Manifest | undefined,
): readonly VerifyTarget[] {
  const entries = new Map(manifest?.files.map((entry) => [entry.name, entry]));
  return [...set.sums].map(([name, sha256]) => ({
    name,
    key: `${sets.prefix}${setId}/${name}`,
    sha256,
    size: set.sizes.get(name),
    entry: entries.get(name),
  }));
}

function unread(targets: readonly VerifyTarget[]): Inside {
  const none = { files: 0, bytes: 0 };
  return {
    checked: amountOf(targets),
    skipped: none,
    remaining: none,
    names: new Set(targets.map(({ name }) => name)),
    rows: null,
    opened: false,
    seed: null,
    lockedUntil: null,
  };
}

interface Opening {
  /** Where keys are at hand that open the set. */
  readonly inside: OpenedInside | undefined;
  /** What was read and found good on the way, and need not be read again. */
  readonly read: ReadonlySet<string>;
}

interface OpenedInside {
  readonly manifest: Manifest;
  readonly opener: FileOpener;
  readonly keys: UnlockedKeys;
}

/** The manifest, where a key is at hand; else its signature at least, where contents are to be read. */
async function openManifest({ sets, options, findings }: VerifyJob, set: SignedSet): Promise<Opening> {
  const fitting = keysFor(set, options.keys);
  const read = new Set<string>([fileName.stub]);
  if (fitting === undefined && !readsContents(options.level)) return { inside: undefined, read };
  const keys = fitting === undefined ? undefined : await unlock(fitting);
  const kind = keys === undefined ? 'signature' : 'contents';
  const opened = await keepIntegrity(findings, kind, fileName.manifest, async () => {
    if (keys === undefined) return { ...(await readSealedManifest(sets, set)), inside: undefined };
    const { manifest, opener, shadowed: over } = await readManifest(sets, set, keys);
    return { shadowed: over, inside: { manifest, opener, keys } };
  });
  if (opened === undefined) return { inside: undefined, read };
  for (const name of opened.shadowed)
    addFinding(findings, shadowed(name, 'the signed version is still there'));
  return { inside: opened.inside, read: read.add(fileName.manifest) };
}

/** The index of the mail objects, which tells where each is; their bytes are in parts that were read by themselves. */
async function compareObjects(
  { sets, options, findings }: VerifyJob,
  { manifest, keys }: OpenedInside,
): Promise<void> {
  const found = await verifyObjects(objectSets(sets, keys), manifest, {
    contents: 'none',
    signal: options.signal,
  });
  for (const finding of found) addFinding(findings, finding);
}

function choose(
  { options: { level } }: VerifyJob,
  targets: readonly VerifyTarget[],
  { seed, seen }: VerifyRecord,
): readonly VerifyTarget[] {
  const percentage = samplePercentage(level);
  if (percentage === undefined || seed === undefined) return targets;
  return chooseSample(targets, { percentage, seed, seen });
}
