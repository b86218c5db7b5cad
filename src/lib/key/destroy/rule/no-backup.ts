import type { KmsKey } from '../../../cloud/kms.ts';
import { isoTime } from '../../../state/iso-time.ts';
import type { DestroyContext } from '../context.ts';
import { movedAway } from '../history/moved-away.ts';
import { type Look, met, notMet, type RuleTask, unknown } from './rule.ts';
import { meansKey } from './same-key.ts';

/** A copy of a set that is kept, or being written. Times are RFC 3339, UTC. */
interface KeptCopy {
  readonly setId: string;
  readonly destination: string;
  readonly state: 'complete' | 'running';
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly lockUntil: string | null;
  /** Of its wrapped keys; as the set's own where it has none. */
  readonly keyringLockUntil: string | null;
  readonly keyringPruned: boolean;
}

interface Need {
  readonly copy: Pick<KeptCopy, 'setId' | 'destination'>;
  readonly until: string | null;
}

/**
 * No backup that is kept holds a data key that only this key opens, and none is itself opened by it. A set holds what
 * was there when it was made, so that those that began after the last data key was moved away do not count. The stores
 * are listed too: a set that nobody has on record is still a backup.
 */
export const noBackup: Look = async (task) => {
  const { context, key } = task;
  const copies = await keptCopies(context);
  const moved = await movedAway(context, key);
  const isBefore = ({ startedAt }: { readonly startedAt: string }): boolean =>
    moved.some(({ at }) => at === null || Date.parse(startedAt) < Date.parse(at));
  const stored = await storedSets(task, copies);
  const holding = copies.filter((copy) => !copy.keyringPruned && !isOlderThan(copy, key) && isBefore(copy));
  const needs: readonly Need[] = [
    ...holding.map((copy) => ({ copy, until: copy.keyringLockUntil })),
    ...stored.unrecorded.filter(isBefore).map((copy) => ({ copy, until: null })),
    ...stored.opened.map((copy) => ({ copy, until: copy.lockUntil })),
  ];
  if (needs.length > 0) {
    const { evidence, until } = told(needs, context.clock.now());
    const unmoved = moved.filter(({ at }) => at === null).map(({ keyring }) => keyring);
    const untold = unmoved.map(
      (keyring) => `no applied rotation on record tells when the last data key of ${keyring} was moved away`,
    );
    return notMet([...evidence, ...untold, ...stored.untold], until);
  }
  if (stored.untold.length > 0) return unknown(...stored.untold);
  return met(`copies of sets on record: ${copies.length}; none needs it`);
};

async function keptCopies(context: DestroyContext): Promise<readonly KeptCopy[]> {
  const { rows } = await (await context.state()).query<KeptCopy>(
    `select c.set_id as "setId", c.destination, c.state, ${isoTime('s.started_at')} as "startedAt",
       ${isoTime('c.finished_at')} as "finishedAt", ${isoTime('c.lock_until')} as "lockUntil",
       ${isoTime('coalesce(c.keyring_lock_until, c.lock_until)')} as "keyringLockUntil",
       c.keyring_pruned_at is not null as "keyringPruned"
     from postern.backup_copy c join postern.backup_set s using (set_id)
     where s.profile = $1 and c.state in ('complete', 'running') order by s.started_at, c.set_id, c.destination`,
    [context.profile],
  );
  return rows;
}

const isOlderThan = ({ finishedAt }: KeptCopy, { created }: KmsKey): boolean =>
  finishedAt !== null && finishedAt < created.toISOString();

interface Stored {
  readonly unrecorded: readonly {
    readonly setId: string;
    readonly destination: string;
    readonly startedAt: string;
  }[];
  /** Sets that this key opens, or by which their store keeps them encrypted. */
  readonly opened: readonly (Need['copy'] & { readonly lockUntil: string | null })[];
  readonly untold: readonly string[];
}

/** What the stores have, beside the copies on record. */
async function storedSets({ context, kms, key }: RuleTask, copies: readonly KeptCopy[]): Promise<Stored> {
  const stores = await context.storedSets();
  const unrecorded: Stored['unrecorded'][number][] = [];
  const opened: Stored['opened'][number][] = [];
  const untold: string[] = [];
  for (const { destination, sets, problem } of stores) {
    if (problem !== null) untold.push(`the sets at ${destination} cannot be listed: ${problem}`);
    for (const { setId, startedAt, keyIds, problem: unread } of sets) {
      const which = `set ${setId} at ${destination}`;
      const copy = copies.find((one) => one.setId === setId && one.destination === destination);
      if (copy === undefined) unrecorded.push({ setId, destination, startedAt });
      else if (isOlderThan(copy, key)) continue;
      if (unread !== null) untold.push(`it cannot be told whether it opens ${which}: ${unread}`);
      for (const keyId of keyIds) {
        const means = await meansKey(kms, key, keyId);
        if (means === 'yes') opened.push({ setId, destination, lockUntil: copy?.lockUntil ?? null });
        if (means === 'unknown') untold.push(`${which} is opened by ${keyId}, which may be it`);
      }
    }
  }
  const listed = new Set(stores.map(({ destination }) => destination));
  const elsewhere = copies.filter(
    ({ state, destination }) => state === 'complete' && !listed.has(destination),
  );
  for (const destination of new Set(elsewhere.map((copy) => copy.destination))) {
    untold.push(`sets are on record at ${destination}, which the profile does not have any more`);
  }
  return { unrecorded, opened, untold };
}

/** The need that lasts the longest, those without a date, and how many there are in all. */
function told(needs: readonly Need[], now: Date) {
  const dated = needs.filter(({ until }) => until !== null && until > now.toISOString());
  const last = dated.toSorted((a, b) => ((a.until ?? '') < (b.until ?? '') ? 1 : -1))[0];
  const open = needs.find((need) => !dated.includes(need));
  const which = ({ copy }: Need) => `set ${copy.setId} at ${copy.destination}`;
  const copies = new Set(needs.map(which)).size;
  const evidence = [
    ...(last === undefined ? [] : [`needed until ${last.until?.slice(0, 10)} by ${which(last)}`]),
    ...(open === undefined
      ? []
      : [`needed by ${which(open)}, which no lock keeps: \`postern backup prune\` removes what is too old`]),
    ...(copies > 1 ? [`${copies} copies need it`] : []),
  ];
  return { evidence, until: last?.until ?? null };
}
