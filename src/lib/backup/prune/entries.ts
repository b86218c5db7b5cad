import { z } from 'zod';
import type { PruneContext, PrunedDestination } from './context.ts';
import { type Decision, goesWithSet } from './decide.ts';
import { setFolders } from './inventory.ts';
import { setsNeededBy } from './needed-by.ts';
import type { RegisteredCopy } from './register.ts';
import { findLock, listFolders } from './versions.ts';

const count = z.number().int().nonnegative();

/** What a plan says of one folder. */
export const pruneEntry = z.strictObject({
  what: z.enum(['set', 'parts', 'keyring']),
  setId: z.string(),
  /** `retained`: it would go, but the store keeps it. */
  action: z.enum(['keep', 'remove', 'retained']),
  reasons: z.array(z.string()),
  lockedUntil: z.string().nullable(),
  manifestSha256: z.string().nullable(),
  /** Versions and delete markers, and the bytes of all of them. */
  versions: count,
  bytes: count,
});

export type PruneEntry = z.infer<typeof pruneEntry>;

/** Where the files of what is decided about lie. */
export function foldersOf(
  destination: Pick<PrunedDestination, 'prefix'>,
  { what, setId }: Pick<Decision, 'what' | 'setId'>,
): readonly string[] {
  return what === 'keyring' ? [`${destination.prefix}keyrings/${setId}/`] : setFolders(destination, setId);
}

/** Asks for locks of all that would go; what a set needs that the store keeps stays as well, and so does its keyring. */
export async function askForLocks(
  context: PruneContext,
  destination: PrunedDestination,
  decisions: readonly Decision[],
  register: ReadonlyMap<string, RegisteredCopy>,
): Promise<readonly PruneEntry[]> {
  const ask = async (some: readonly Decision[]): Promise<readonly PruneEntry[]> => {
    const asked: PruneEntry[] = [];
    for (const decision of some) {
      context.signal.throwIfAborted();
      asked.push(await askForLock(destination, decision, register, context.clock.now()));
    }
    return asked;
  };
  const asked = await ask(decisions.filter(({ what }) => what !== 'keyring'));
  const retained = idsOf(asked, 'retained');
  const complete = asked.filter(({ what }) => what === 'set').map(({ setId }) => setId);
  const needed = await setsNeededBy(await context.state(), context.profile, retained, complete);
  const folders = asked.map((entry): PruneEntry => {
    const by = entry.action === 'remove' ? needed.get(entry.setId) : undefined;
    return by === undefined ? entry : { ...entry, action: 'keep', reasons: [`needed by ${by}`] };
  });
  const going = idsOf(folders, 'remove');
  const keyrings = decisions.filter(({ what }) => what === 'keyring');
  return [
    ...folders,
    ...(await ask(
      keyrings.map((keyring) =>
        keyring.reasons.includes(goesWithSet) && !going.includes(keyring.setId)
          ? { ...keyring, action: 'keep', reasons: ['its set stays'] }
          : keyring,
      ),
    )),
  ];
}

function idsOf(entries: readonly PruneEntry[], action: PruneEntry['action']): readonly string[] {
  return entries.filter((entry) => entry.action === action).map(({ setId }) => setId);
}

async function askForLock(
  destination: PrunedDestination,
  { what, setId, action, reasons, versions, bytes }: Decision,
  register: ReadonlyMap<string, RegisteredCopy>,
  now: Date,
): Promise<PruneEntry> {
  const common = {
    what,
    setId,
    reasons: [...reasons],
    manifestSha256: register.get(setId)?.manifestSha256 ?? null,
    versions,
    bytes,
  };
  if (action === 'keep') return { ...common, action, lockedUntil: null };
  const found = await listFolders(destination.store, foldersOf(destination, { what, setId }));
  const until = await findLock(destination.store, found, now);
  return {
    ...common,
    action: until === undefined ? 'remove' : 'retained',
    lockedUntil: until?.toISOString() ?? null,
  };
}
