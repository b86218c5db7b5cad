import type { ListedVersion, PutOptions } from '../../cloud/object-store.ts';
import type { Destination } from '../destination.ts';
import { line, orRefused, type ProbeLine } from './line.ts';
import { createProbe, ofVersion, type PlacedProbe, versionsOf } from './object.ts';

/** Unlike the probe's own in length, so that a listing tells the two apart. */
const other = Buffer.from('written over\n');

/** A run writes every object with If-None-Match, so that not even a mistake of ours covers an older one. */
export async function createAgain({ store }: Destination, probe: PlacedProbe): Promise<ProbeLine> {
  // Where the probe of the day was there already, the store has just refused it.
  if (probe.isReused || !(await createProbe(store, probe.key, other, probe.asked)))
    return line('create again', 'ok', 'refused');
  return line(
    'create again',
    'finding',
    'the store ignores If-None-Match: two writers of one key do not notice each other',
    'use a store with conditional writes, or let one host alone write under the prefix',
  );
}

/** A plain PUT, locked as a run's is: refused by a good policy; where it is not, the locked version must still be there underneath. */
export async function overwrite(destination: Destination, probe: PlacedProbe): Promise<ProbeLine> {
  const { store, name } = destination;
  const hint = policyHint(name, 'refuses writes without If-None-Match');
  const isCovered = (await versionsOf(store, probe.key)).some(isOther);
  // Where it cannot be removed again, once a day is enough.
  const stored = isCovered ? undefined : await orRefused(() => store.put(probe.key, other, retained(probe)));
  if (stored === 'refused') return line('overwrite', 'ok', 'refused');
  const isKept = (await versionsOf(store, probe.key)).some((version) => isSame(version, probe.version));
  if (!isKept) return line('overwrite', 'finding', 'the overwritten version is gone', hint);
  await cleanUp(destination, probe.key, isOther);
  return line(
    'overwrite',
    'ok',
    'leaves the older version, which readers find',
    isOwnLock(probe) ? null : hint,
  );
}

/** A delete marker destroys nothing, but hides a set from whoever looks at the newest versions only. */
export async function hide(destination: Destination, probe: PlacedProbe): Promise<ProbeLine> {
  const { store, name } = destination;
  const outcome = await orRefused(() => store.delete(probe.key));
  if (outcome === 'refused' || outcome === 'retained') return line('hide', 'ok', 'refused');
  const isKept = (await versionsOf(store, probe.key)).some((version) => isSame(version, probe.version));
  if (!isKept) {
    const hint = 'use a bucket with Object Lock, which keeps versions';
    return line('hide', 'finding', 'a delete removes the object, since no versions are kept', hint);
  }
  const isClean = await cleanUp(destination, probe.key, ({ isDeleteMarker }) => isDeleteMarker);
  const rest = isClean ? '' : '; the marker of this probe stays, since it may not be removed';
  if (isOwnLock(probe))
    return line('hide', 'ok', `a name can be hidden; the versions stay, and readers find them${rest}`);
  return line(
    'hide',
    'finding',
    `these credentials may hide objects behind delete markers${rest}`,
    policyHint(name, 'refuses s3:DeleteObject'),
  );
}

/** Not dangerous, since all is encrypted, but nothing that a host needs which only writes. */
export async function readContents({ store, name }: Destination, probe: PlacedProbe): Promise<ProbeLine> {
  const outcome = await orRefused(() => store.get(probe.key, ofVersion(probe.version)));
  if (outcome === 'refused') return line('read contents', 'ok', 'refused: these credentials only write');
  return line(
    'read contents',
    'ok',
    'these credentials may read; all of it is encrypted',
    isOwnLock(probe) ? null : policyHint(name, 'is enough for a host that only writes', 'writer'),
  );
}

/** The proof that matters most, tried last: the version itself, for good. */
export async function deleteVersion(destination: Destination, probe: PlacedProbe): Promise<ProbeLine> {
  const { store, name, lock } = destination;
  const outcome = await orRefused(() => store.delete(probe.key, ofVersion(probe.version)));
  switch (outcome) {
    case 'refused':
      return line('delete', 'ok', 'refused to these credentials');
    case 'retained': {
      const by = isOwnLock(probe)
        ? 'refused by postern alone: whoever may write to the folder can remove its files'
        : 'refused because of the lock';
      return line('delete', 'ok', by);
    }
    case 'absent':
      return line('delete', 'unknown', 'the version was gone before it could be tried');
    default:
      return lock === undefined
        ? line(
            'delete',
            'finding',
            'these credentials may delete sets',
            policyHint(name, 'refuses deletes', 'writer'),
          )
        : line(
            'delete',
            'finding',
            'a locked version was deleted: the store does not keep its locks',
            'do not use this store for backups before its operator has explained it',
          );
  }
}

/** Removes what an attempt has left, as far as the credentials may. @returns whether all of it is gone */
async function cleanUp(
  { store }: Destination,
  key: string,
  isOurs: (version: ListedVersion) => boolean,
): Promise<boolean> {
  const outcomes: unknown[] = [];
  for (const version of (await versionsOf(store, key)).filter(isOurs))
    outcomes.push(await orRefused(() => store.delete(key, ofVersion(version))));
  return outcomes.every((outcome) => outcome === 'deleted' || outcome === 'absent');
}

function retained({ asked }: PlacedProbe): PutOptions {
  return asked === undefined ? {} : { retention: asked };
}

function isOwnLock({ retentionKeptBy }: PlacedProbe): boolean {
  return retentionKeptBy === 'postern';
}

function isOther({ isDeleteMarker, size }: ListedVersion): boolean {
  return !isDeleteMarker && size === other.byteLength;
}

function isSame(a: ListedVersion, b: ListedVersion): boolean {
  return a.versionId === b.versionId && a.size === b.size && !a.isDeleteMarker;
}

function policyHint(name: string, what: string, role = 'bucket'): string {
  return `\`postern backup policy --destination ${name} --role ${role}\` prints a policy that ${what}`;
}
