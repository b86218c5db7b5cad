import { PosternError } from '../base/error.ts';
import type { StoreCapabilities } from '../cloud/object-store.ts';
import type { Destination } from './destination.ts';
import { createAgain, deleteVersion, hide, overwrite, readContents } from './probe/attempts.ts';
import { bucketLines } from './probe/bucket.ts';
import { attempt, line, type ProbeLine } from './probe/line.ts';
import { ofVersion, type PlacedProbe, placeProbe, readBackLines } from './probe/object.ts';

export type { ProbeAspect, ProbeLine } from './probe/line.ts';

export interface ProbeResult {
  readonly destination: string;
  /** Of the store, for messages. */
  readonly location: string;
  readonly lines: readonly ProbeLine[];
}

/**
 * Proves by doing, with the destination's own credentials, what its store refuses: nothing is believed because a
 * policy says so. Writes one small object a day under `probe/`, locked for a day, and cleans up what it may.
 * @param now this host's time, against which the store's is held
 * @throws {PosternError} exit 1 when the store cannot be reached or does not exist
 */
export async function probeDestination(
  destination: Destination,
  { now }: { readonly now: Date },
): Promise<ProbeResult> {
  const { store } = destination;
  const capabilities = await store.capabilities();
  const lines: ProbeLine[] = [...bucketLines(capabilities, now)];
  const probe = await placed(destination, capabilities, now);
  if ('state' in probe) lines.push(probe);
  else lines.push(...(await attempts(destination, probe)));
  return { destination: destination.name, location: store.location, lines };
}

/** Without the object nothing can be tried, and a run would fail too, so that is a finding. */
async function placed(
  destination: Destination,
  capabilities: StoreCapabilities,
  now: Date,
): Promise<PlacedProbe | ProbeLine> {
  try {
    return await placeProbe(destination, capabilities, now);
  } catch (error) {
    if (!(error instanceof PosternError) || error.code === 'store-unreachable') throw error;
    return line('write', 'finding', error.message, error.hints[0] ?? null);
  }
}

async function attempts(destination: Destination, probe: PlacedProbe): Promise<readonly ProbeLine[]> {
  const { store } = destination;
  const lines = [line('write', 'ok', `${probe.key} ${probe.isReused ? 'was stored today' : 'stored'}`)];
  try {
    const head = await store.head(probe.key, ofVersion(probe.version));
    lines.push(...readBackLines(head, probe));
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    lines.push(line('read back', 'unknown', error.message, error.hints[0] ?? null));
  }
  for (const [aspect, work] of [
    ['create again', createAgain],
    ['overwrite', overwrite],
    ['hide', hide],
    ['read contents', readContents],
    // Last, because a store that allows it takes the probe away.
    ['delete', deleteVersion],
  ] as const)
    lines.push(await attempt(aspect, () => work(destination, probe)));
  return lines;
}
