import { counted } from '../../../base/counted.ts';
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
  readonly copy: KeptCopy;
  readonly until: string | null;
}

/**
 * No backup that is kept holds a data key that only this key opens, and none is itself opened by it. A set holds what
 * was there when it was made, so that those that began after the last data key was moved away do not count.
 */
export const noBackup: Look = async (task) => {
  const { context, key } = task;
  const copies = await keptCopies(context);
  const keyrings = await movedAway(context, key);
  const holding = copies.filter(
    (copy) =>
      !copy.keyringPruned &&
      !isOlderThan(copy, key) &&
      keyrings.some(({ at }) => at === null || copy.startedAt < at),
  );
  const opened = await openedByKey(task, copies);
  const needs: readonly Need[] = [
    ...holding.map((copy) => ({ copy, until: copy.keyringLockUntil })),
    ...opened.copies.map((copy) => ({ copy, until: copy.lockUntil })),
  ];
  const untold = keyrings.flatMap(({ keyring, at }) =>
    at === null && holding.length > 0
      ? [`no applied rotation on record tells when the last data key of ${keyring} was moved away`]
      : [],
  );
  if (needs.length > 0) {
    const { evidence, until } = told(needs, context.clock.now());
    return notMet([...evidence, ...untold, ...opened.untold], until);
  }
  if (opened.untold.length > 0) return unknown(...opened.untold);
  return met(`none of the ${counted(copies.length, 'copy').replace('copys', 'copies')} on record needs it`);
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

/** Copies whose own contents this key opens, since the host that made them names it in the set. */
async function openedByKey({ context, kms, key }: RuleTask, copies: readonly KeptCopy[]) {
  const complete = copies.filter((copy) => copy.state === 'complete' && !isOlderThan(copy, key));
  const answers = complete.length === 0 ? [] : await context.kmsKeysOfSets(complete);
  const opened: KeptCopy[] = [];
  const untold: string[] = [];
  for (const { setId, destination, keyId, problem } of answers) {
    const which = `set ${setId} at ${destination}`;
    if (problem !== null) untold.push(`it cannot be told whether it opens ${which}: ${problem}`);
    if (keyId === null) continue;
    const means = await meansKey(kms, key, keyId);
    const copy = complete.find((one) => one.setId === setId && one.destination === destination);
    if (means === 'yes' && copy !== undefined) opened.push(copy);
    if (means === 'unknown') untold.push(`${which} is opened by ${keyId}, which may be it`);
  }
  return { copies: opened, untold };
}

/** The need that lasts the longest, those without a date, and how many there are in all. */
function told(needs: readonly Need[], now: Date) {
  const dated = needs.filter(({ until }) => until !== null && until > now.toISOString());
  const last = dated.toSorted((a, b) => ((a.until ?? '') < (b.until ?? '') ? 1 : -1))[0];
  const open = needs.find((need) => !dated.includes(need));
  const which = ({ copy }: Need) => `set ${copy.setId} at ${copy.destination}`;
  const evidence = [
    ...(last === undefined ? [] : [`needed until ${last.until?.slice(0, 10)} by ${which(last)}`]),
    ...(open === undefined
      ? []
      : [`needed by ${which(open)}, which no lock keeps: \`postern backup prune\` removes what is too old`]),
    ...(needs.length > 1 ? [`${needs.length} copies on record need it`] : []),
  ];
  return { evidence, until: last?.until ?? null };
}
