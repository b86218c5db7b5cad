import type { Destination } from '../../backup/destination.ts';
import type { PosternContext } from '../context.ts';
import type { DoctorLine } from './check.ts';
import { explained } from './explained.ts';

/** Tries on every destination what its store ought to refuse; a line for each thing that was tried. */
export async function checkDestinations(context: PosternContext): Promise<readonly DoctorLine[]> {
  if (context.config.profile.backup === undefined) return [];
  const { destinations } = await import('../destinations.ts');
  const { knownDestinations } = await import('../../backup/emptied-destination.ts');
  // On a disk that is not mounted, the probe would begin a new store.
  const found = await explained('destinations', async () =>
    knownDestinations({
      profile: context.profile,
      destinations: await destinations(context),
      state: () => context.state(),
    }),
  );
  if ('failed' in found) return [found.failed];
  return (await Promise.all(found.done.map((destination) => probe(context, destination)))).flat();
}

async function probe(context: PosternContext, destination: Destination): Promise<readonly DoctorLine[]> {
  const { probeDestination } = await import('../../backup/probe.ts');
  const component = `destination ${destination.name}`;
  const outcome = await explained(component, () =>
    probeDestination(destination, { now: context.clock.now() }),
  );
  if ('failed' in outcome) return [outcome.failed];
  return outcome.done.lines.map(({ aspect, ...line }) => ({ component: `${component}: ${aspect}`, ...line }));
}
