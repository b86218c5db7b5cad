import { PosternError, refused } from '../base/error.ts';
import { type Queryable, sqlState } from '../base/postgres.ts';
import type { BackupContext } from './context.ts';
import { type Destination, unusable } from './destination.ts';
import { fileName } from './format/layout.ts';
import { listFiles } from './list.ts';

/** What the register and the stores say together. */
export interface CheckedDestinations {
  /** All of them; those that are empty and must not be are unusable. */
  readonly destinations: readonly Destination[];
  /** Those that are empty, and may be. */
  readonly anew: readonly Destination[];
}

type FindContext = Pick<BackupContext, 'destinations' | 'profile' | 'acceptedNewStores'>;

/**
 * Finds destinations that hold nothing at all although sets were put there and nobody pruned them: a disk that is not
 * mounted, a bucket that was made again. A set that went there would be taken for one that is kept, and is not. What
 * cannot be asked is left as it is, for the first file to fail.
 */
export async function findEmptied(
  { destinations, profile, acceptedNewStores = [] }: FindContext,
  state: Queryable,
): Promise<CheckedDestinations> {
  const anew: Destination[] = [];
  const checked = await Promise.all(
    destinations.map(async (destination) => {
      const lost = await setsLost(destination, await setsAt(state, profile, destination));
      if (lost === 0) return destination;
      if (!acceptedNewStores.includes(destination.name))
        return unusable(destination, emptied(destination, lost));
      anew.push(destination);
      return destination;
    }),
  );
  return { destinations: checked, anew };
}

/** As `findEmptied`, for who goes on without the state database. */
export async function knownDestinations(
  context: FindContext & Pick<BackupContext, 'state'>,
): Promise<readonly Destination[]> {
  try {
    return (await findEmptied(context, await context.state())).destinations;
  } catch (error) {
    if (error instanceof PosternError || sqlState(error) !== undefined) return context.destinations;
    throw error;
  }
}

/** From here on, nobody counts on the sets that were there. */
export async function giveUpLost(
  { profile, progress }: BackupContext,
  state: Queryable,
  anew: readonly Destination[],
): Promise<void> {
  for (const destination of anew) {
    const { rowCount } = await state.query(
      `update postern.backup_copy c set state = 'pruned' from postern.backup_set s
       where s.set_id = c.set_id and s.profile = $1 and c.destination = $2 and c.state = 'complete'
         and c.location = $3 || c.set_id`,
      [profile, destination.name, locationOf(destination)],
    );
    progress.warn(`${destination.name} begins anew: ${counted(rowCount ?? 0)} there, and counts as lost`);
  }
}

/** Complete sets that were put at this place, the newest first. */
async function setsAt(
  state: Queryable,
  profile: string,
  destination: Destination,
): Promise<readonly string[]> {
  const { rows } = await state.query<{ setId: string }>(
    `select c.set_id as "setId" from postern.backup_copy c join postern.backup_set s using (set_id)
     where s.profile = $1 and c.destination = $2 and c.state = 'complete' and c.location = $3 || c.set_id
     order by c.set_id desc`,
    [profile, destination.name, locationOf(destination)],
  );
  return rows.map(({ setId }) => setId);
}

async function setsLost({ store, prefix }: Destination, known: readonly string[]): Promise<number> {
  const [newest] = known;
  if (newest === undefined) return 0;
  try {
    if ((await store.head(`${prefix}${newest}/${fileName.manifest}`)) !== undefined) return 0;
    // The probes of `doctor` may have been put on the disk underneath.
    for await (const { key } of listFiles(store, prefix)) if (!key.startsWith(`${prefix}probe/`)) return 0;
    return known.length;
  } catch (error) {
    if (error instanceof PosternError) return 0;
    throw error;
  }
}

/** @returns exit 6, `destination-empty` */
function emptied(destination: Destination, lost: number): PosternError {
  const { name } = destination;
  return refused(
    `there is nothing at ${locationOf(destination)}, where ${counted(lost)} put and not pruned`,
    {
      code: 'destination-empty',
      hints: [
        'mount the disk, or find out who emptied the store',
        `where the sets are lost for good, \`postern backup run --accept-new-store ${name}\` begins anew`,
      ],
    },
  );
}

function counted(sets: number): string {
  return sets === 1 ? '1 set was' : `${sets} sets were`;
}

function locationOf({ store, prefix }: Destination): string {
  return `${store.location}/${prefix}`;
}
