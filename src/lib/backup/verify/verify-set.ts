import { systemClock } from '../../base/clock.ts';
import { PosternError } from '../../base/error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import { bestEffort } from '../best-effort.ts';
import { recordCheck } from '../check-record.ts';
import type { SetStore } from '../context.ts';
import { addFinding, keepIntegrity } from '../finding.ts';
import { fileName } from '../format/layout.ts';
import { knownCopies } from '../known-copy.ts';
import { openSignedSet, type SignedSet } from '../read-set.ts';
import { openBases } from './base.ts';
import { compareChain } from './chain.ts';
import { egressBudget, isEgressCap, meteredStore } from './egress.ts';
import { aboutItself } from './elsewhere.ts';
import { type Inside, lookInside } from './inside.ts';
import { amountOf, type SetFiles, type VerifyJob, type VerifyOptions } from './job.ts';
import { compareListing, type Listing, readListing, shadowed } from './listing.ts';
import { compareRegister } from './register.ts';
import type { BackupVerifyResult, VerifyFinding } from './results.ts';

/**
 * Looks at everything that could be wrong with a set and tells all of it, instead of stopping at the first. The
 * outcome is recorded in the state database, where there is one.
 * @throws {PosternError} exit 1, 2, 4 (`egress-cap`: not even the manifest may be read) and 6 (`set-newer`) when the
 * set cannot be looked at; what is wrong with it is among the findings
 */
export async function verifySet(
  sets: SetStore,
  setId: string,
  options: VerifyOptions,
): Promise<BackupVerifyResult> {
  const started = performance.now();
  const { clock = systemClock, egress = egressBudget(), progress, state } = options;
  const before = egress.used();
  const about = (
    outcome: BackupVerifyResult['outcome'],
    findings: number,
    detail: Readonly<Record<string, unknown>>,
  ) => ({
    profile: sets.profile,
    setId,
    destination: sets.destination,
    kind: 'verify' as const,
    level: options.level,
    outcome,
    startedAt: new Date(clock.now().getTime() - (performance.now() - started)),
    bytes: egress.used() - before,
    findings,
    detail,
  });
  try {
    const known =
      state &&
      (await bestEffort(progress, 'the set is not compared with it', () => knownCopies(state, sets)));
    const job: VerifyJob = {
      sets: { ...sets, store: meteredStore(sets.store, egress) },
      setId,
      options,
      clock,
      egress,
      register: known ?? 'unknown',
      findings: [],
      elsewhere: [],
      notes: [],
    };
    const looked = await look(job);
    const own = aboutItself(looked.findings);
    const kinds = [...new Set(own.map(({ kind }) => kind))];
    await recordCheck(state, progress, about(outcomeOf(own, looked), own.length, { kinds }));
    for (const { setId: other, kind } of job.elsewhere)
      await recordCheck(state, progress, {
        ...about('failed', 1, { kinds: [kind], seenFrom: setId }),
        setId: other,
        bytes: 0,
      });
    return { ...looked, egress: egress.used() - before, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    const isOurs = error instanceof PosternError;
    // A mistyped name is no look at a set.
    if (!isOurs || error.exitCode !== ExitCode.usage)
      await recordCheck(
        state,
        progress,
        about('incomplete', 0, { reason: isOurs ? error.message : 'interrupted' }),
      );
    throw error;
  }
}

/**
 * A host without keys is not there to open anything. Keys that are there and open nothing are another matter: whoever
 * counts on them must hear of it.
 */
function outcomeOf(
  findings: readonly VerifyFinding[],
  { remaining, unopened }: Pick<BackupVerifyResult, 'remaining' | 'unopened'>,
): BackupVerifyResult['outcome'] {
  if (findings.length > 0) return 'failed';
  const isLockedOut = unopened === 'other-keys' || unopened === 'service';
  return remaining.files > 0 || isLockedOut ? 'incomplete' : 'passed';
}

type Looked = Omit<BackupVerifyResult, 'egress' | 'seconds'>;

async function look(job: VerifyJob): Promise<Looked> {
  const { sets, setId, options, findings, notes } = job;
  const listing = await readListing(job, setId);
  const set = await openSet(job);
  compareRegister(job, set);
  const inside = set === undefined ? nothing : await lookAtSet(job, set, listing);
  const { names: _, ...looked } = inside;
  return {
    setId,
    destination: sets.destination,
    location: `${sets.store.location}/${sets.prefix}${setId}`,
    level: options.level,
    outcome: outcomeOf(findings, looked),
    signer: set?.signer ?? null,
    ...amountOf(set?.stub.files ?? []),
    ...looked,
    findings,
    notes,
  };
}

async function lookAtSet(job: VerifyJob, set: SignedSet, listing: Listing): Promise<Inside> {
  const own: SetFiles = { set, names: [...set.sums.keys()], folder: '', strangers: 'told' };
  const bases = await openBases(job, set);
  const covered = [...(await compareListing(job, listing, own))];
  for (const base of bases)
    covered.push(...(await compareListing(job, await readListing(job, base.set.setId), base)));
  const inside = await withinCap(job, own, async () => {
    await compareChain(job, set);
    return lookInside(job, own, bases);
  });
  for (const finding of covered) if (!inside.names.has(finding.file ?? '')) addFinding(job.findings, finding);
  return inside;
}

/** Where the cap ends it before a file can be judged, what was found so far is told all the same. */
async function withinCap(job: VerifyJob, { set }: SetFiles, look: () => Promise<Inside>): Promise<Inside> {
  try {
    return await look();
  } catch (error) {
    if (!isEgressCap(error) || aboutItself(job.findings).length === 0) throw error;
    job.notes.push('nothing was read to compare it, for the egress cap');
    return { ...nothing, unopened: null, remaining: amountOf(set.stub.files) };
  }
}

const none = { files: 0, bytes: 0 };

const nothing: Inside = {
  names: new Set(),
  opened: false,
  unopened: 'damaged',
  base: none,
  checked: none,
  skipped: none,
  remaining: none,
  rows: null,
  seed: null,
  lockedUntil: null,
};

/** The set, or undefined when nothing in its folder can be believed. */
async function openSet({ sets, setId, findings, register }: VerifyJob): Promise<SignedSet | undefined> {
  try {
    const set = await keepIntegrity(findings, 'signature', fileName.sums, () => openSignedSet(sets, setId));
    for (const name of set?.shadowed ?? [])
      addFinding(findings, shadowed(name, 'the signed version is still there'));
    return set;
  } catch (error) {
    const known = register === 'unknown' ? undefined : register.get(setId);
    const isMissing = error instanceof PosternError && error.code === 'set-missing';
    if (!isMissing || known?.state !== 'complete') throw error;
    findings.push({
      kind: 'missing',
      file: null,
      message: `the register knows the set as complete at ${known.location}, and it is not there`,
    });
    return undefined;
  }
}
