import { addFinding } from '../finding.ts';
import { type UnlockedKeys, unlock } from '../keys/open-keys.ts';
import { objectSets } from '../objects/readable-set.ts';
import { verifyObjects } from '../objects/verify.ts';
import { type ReadFiles, readContents } from './contents.ts';
import { isEgressCap } from './egress.ts';
import { lookAtHeads } from './heads.ts';
import { type Amount, amountOf, type SetFiles, type VerifyJob, type VerifyTarget } from './job.ts';
import { keyringTargets } from './keyring.ts';
import { readsContents, samplePercentage } from './level.ts';
import { type OpenedInside, openInside } from './open-inside.ts';
import { openRecord, type VerifyRecord } from './record.ts';
import type { Unopened } from './results.ts';
import { noteBadRewraps } from './rewraps.ts';
import { chooseSample } from './sample.ts';

export interface Inside extends ReadFiles {
  readonly opened: boolean;
  readonly unopened: Unopened | null;
  /** Of the sets whose mail objects this one shares. */
  readonly base: Amount;
  readonly seed: string | null;
  readonly lockedUntil: string | null;
}

/** Looks at the files of a set, and of those whose mail objects it shares, as closely as the level says. */
export async function lookInside(job: VerifyJob, own: SetFiles, bases: readonly SetFiles[]): Promise<Inside> {
  const { level, keys } = job.options;
  const folders = [own, ...bases];
  if (level === 'list') {
    const targets = folders.flatMap((folder) => targetsOf(job, folder, undefined));
    return { ...unread(targets), unopened: null, names: new Set() };
  }
  const unlocked = keys === undefined ? undefined : await unlock(keys);
  const { inside, unopened, read } = await openInside(job, own, unlocked);
  const keyrings = inside === undefined ? [] : await keyringTargets(job, inside);
  const targets = [...targetsOf(job, own, inside), ...keyrings];
  const atOpening = [...read];
  for (const base of bases) {
    const opening = await openInside(job, base, unlocked);
    atOpening.push(...opening.read);
    targets.push(...targetsOf(job, base, opening.inside));
  }
  if (!readsContents(level)) {
    const lockedUntil = (await lookAtHeads(job, targets, folders)) ?? null;
    return { ...unread(targets), opened: inside !== undefined, unopened, lockedUntil };
  }
  const record = await openRecord(job.options, { ...job.sets, setId: job.setId });
  const chosen = choose(job, targets, record);
  const contents = await readContents(job, {
    targets: chosen,
    atOpening: new Set(atOpening),
    record,
    manifest: inside?.manifest,
  });
  const isIndexDue = level === 'full' && contents.remaining.files === 0;
  const isCapped = isIndexDue && (await compareObjects(job, own, { inside, unlocked })) === 'beyond the cap';
  const remaining = isCapped ? amountOf(targets.filter(isIndex)) : contents.remaining;
  await noteBadRewraps(job);
  if (remaining.files === 0) await record.finish();
  if (record.resumedFrom !== undefined)
    job.notes.push(
      `gone on with the verification that was begun at ${record.resumedFrom}: ${contents.skipped.files} files were good then and are not read again`,
    );
  return {
    ...contents,
    remaining,
    opened: inside !== undefined,
    unopened,
    base: baseOf(targets),
    seed: record.seed ?? null,
    lockedUntil: null,
  };
}

/** The files of a folder that are looked at; with their entries, where the manifest is open. */
function targetsOf(
  { sets, setId }: VerifyJob,
  { set, names, folder }: SetFiles,
  inside: OpenedInside | undefined,
): readonly VerifyTarget[] {
  const entries = new Map(inside?.manifest.files.map((entry) => [entry.name, entry]));
  return names.map((name) => {
    const entry = entries.get(name);
    return {
      name: folder + name,
      key: `${sets.prefix}${set.setId}/${name}`,
      // What is not listed has no hash that any bytes could have.
      sha256: set.sums.get(name) ?? '',
      size: set.sizes.get(name),
      entry,
      opener: entry === undefined ? undefined : inside?.opener,
      base: set.setId === setId ? undefined : set.setId,
    };
  });
}

function unread(targets: readonly VerifyTarget[]): Omit<Inside, 'unopened'> {
  const none = { files: 0, bytes: 0 };
  return {
    checked: amountOf(targets),
    skipped: none,
    remaining: none,
    base: baseOf(targets),
    names: new Set(targets.map(({ name }) => name)),
    rows: null,
    opened: false,
    seed: null,
    lockedUntil: null,
  };
}

function baseOf(targets: readonly VerifyTarget[]): Amount {
  return amountOf(targets.filter(({ base }) => base !== undefined));
}

/** The index of the mail objects, which tells where each is; their bytes are in parts that were read by themselves. */
async function compareObjects(
  { sets, options, findings, notes }: VerifyJob,
  { set, names }: SetFiles,
  {
    inside,
    unlocked,
  }: { readonly inside: OpenedInside | undefined; readonly unlocked: UnlockedKeys | undefined },
): Promise<'looked at' | 'beyond the cap'> {
  if (inside === undefined || unlocked === undefined) {
    const holders = [...set.stub.base, 'this set'].join(', ');
    if (names.some((name) => name.startsWith('objects/')))
      notes.push(
        `the index of the mail objects was not opened: whether each is in the archives of ${holders} was not looked at`,
      );
    return 'looked at';
  }
  try {
    const found = await verifyObjects(objectSets(sets, unlocked), inside.manifest, {
      contents: 'none',
      signal: options.signal,
    });
    for (const finding of found) addFinding(findings, finding);
    return 'looked at';
  } catch (error) {
    if (!isEgressCap(error)) throw error;
    return 'beyond the cap';
  }
}

function isIndex({ base, name }: VerifyTarget): boolean {
  return base === undefined && name.startsWith('objects/index-');
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
