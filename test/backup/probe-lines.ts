import type { Destination } from '../../src/lib/backup/destination.ts';
import { type ProbeAspect, probeDestination } from '../../src/lib/backup/probe.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';

const day = 86_400_000;
/** When the probes of the tests are made, unless they say otherwise. */
export const now = new Date('2026-03-01T11:00:00Z');

const destination = (store: ObjectStore, mode: 'governance' | 'compliance' | 'unlocked'): Destination => ({
  name: 'offsite',
  store,
  prefix: 'backup/production/',
  required: true,
  lock: mode === 'unlocked' ? undefined : { mode, duration: 365 * day },
  keyringLock: undefined,
});

/** Probes a destination with a lock of a year. */
export const probe = async (
  store: ObjectStore,
  mode: 'governance' | 'compliance' | 'unlocked' = 'compliance',
  at = now,
) => {
  const { lines } = await probeDestination(destination(store, mode), { now: at });
  return { lines, of: (aspect: ProbeAspect) => lines.find((line) => line.aspect === aspect) };
};
