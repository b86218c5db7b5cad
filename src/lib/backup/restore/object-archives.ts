import { integrityError, PosternError } from '../../base/error.ts';
import { isIntegrityError } from '../damaged-file.ts';
import { objectsPartName } from '../format/layout.ts';
import type { ManifestObjects } from '../format/manifest.ts';
import { listFiles } from '../list.ts';
import type { StoredLine } from '../objects/index-line.ts';
import { readIndex } from '../objects/read-index.ts';
import { type ObjectSets, objectSets, type ReadableSet } from '../objects/readable-set.ts';
import type { RestoreContext } from './context.ts';
import type { ObjectTargets } from './objects-to.ts';
import type { OpenedSet } from './work.ts';

/** What a set lacks of its archive: parts, by their names, or, with why, all. */
type Lack = ReadonlySet<string> | { readonly reason: string };

/**
 * Asks for every archive that these mail objects are in, so that none is missed in the middle of a restore. The index
 * is read only where something is gone: what nothing is taken from is not missed.
 * @throws {PosternError} exit 5, `archive-missing`, naming the sets
 */
export async function requireArchives(
  context: RestoreContext,
  { manifest, keys }: OpenedSet,
  targets: ObjectTargets,
): Promise<void> {
  const { setId, objects } = manifest;
  if (objects === null) return;
  const sets = objectSets(context.sets, keys);
  const own = await sets.openSet(setId);
  const sizes = new Map(
    [...objects.base, { setId, partPlainSize: objects.partPlainSize }].map((set) => [
      set.setId,
      set.partPlainSize,
    ]),
  );
  const lacking = new Map<string, Lack>();
  for (const archive of sizes.keys()) {
    const lack = await lackOf(sets, archive === setId ? own : archive);
    if (lack !== undefined) lacking.set(archive, lack);
  }
  if (lacking.size === 0) return;
  const missed = new Map<string, string>();
  for await (const { line } of readIndex(sets, own, manifest)) {
    context.signal.throwIfAborted();
    if ('missing' in line || (targets[line.bucket] ?? null) === null || missed.has(line.set)) continue;
    const what = missedBy(line, lacking.get(line.set), sizes.get(line.set) ?? objects.partPlainSize);
    if (what !== undefined) missed.set(line.set, what);
  }
  if (missed.size === 0) return;
  const told = [...missed].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([set, what]) => `${set} (${what})`);
  throw integrityError(`mail objects of ${setId} are in archives that are not there: ${told.join(', ')}`, {
    code: 'archive-missing',
    hints: [
      'another destination may have them: --from',
      'the databases come back without mail objects: leave --objects-to out',
    ],
  });
}

async function lackOf(sets: ObjectSets, archive: ReadableSet | string): Promise<Lack | undefined> {
  try {
    const { set } = typeof archive === 'string' ? await sets.openSet(archive) : archive;
    const { store, prefix } = sets.sets;
    const gone = new Set([...set.sums.keys()].filter((name) => /^objects\/\d+\.tar\./.test(name)));
    for await (const { key } of listFiles(store, `${prefix}${set.setId}/objects/`))
      gone.delete(key.slice(prefix.length + set.setId.length + 1));
    return gone.size === 0 ? undefined : gone;
  } catch (error) {
    const isGone = error instanceof PosternError && error.code === 'set-missing';
    if (!isGone && !isIntegrityError(error)) throw error;
    return { reason: isGone ? 'the whole set' : error.message };
  }
}

/** What an object misses, if anything. */
function missedBy(
  { offset, head, size }: StoredLine,
  lack: Lack | undefined,
  partPlainSize: ManifestObjects['partPlainSize'],
): string | undefined {
  if (lack === undefined) return undefined;
  if ('reason' in lack) return lack.reason;
  const first = Math.floor((offset - head) / partPlainSize);
  const last = Math.floor((offset + Math.max(size, 1) - 1) / partPlainSize);
  for (let part = first; part <= last; part += 1) {
    const name = objectsPartName(part + 1);
    if (lack.has(name)) return name;
  }
  return undefined;
}
