import { addFinding } from '../finding.ts';
import { keyringFolder } from '../format/layout.ts';
import { keyringEnd } from '../keyring-end.ts';
import { listFiles } from '../list.ts';
import type { VerifyJob, VerifyTarget } from './job.ts';
import type { OpenedInside } from './open-inside.ts';

/**
 * The parts of the set's keyrings that are still there. A keyring ends earlier than its set; that is no finding once
 * its lock has ended.
 */
export async function keyringTargets(
  job: VerifyJob,
  { manifest: { keyrings }, opener }: OpenedInside,
): Promise<readonly VerifyTarget[]> {
  const { sets, setId, findings } = job;
  const present = new Set<string>();
  for await (const { key } of listFiles(sets.store, sets.prefix + keyringFolder(setId)))
    present.add(key.slice(sets.prefix.length));
  const known = job.register === 'unknown' ? undefined : job.register.get(setId);
  const targets: VerifyTarget[] = [];
  const ended: string[] = [];
  for (const entry of keyrings) {
    const { name, sha256, size } = entry;
    if (present.has(name))
      targets.push({ name, key: sets.prefix + name, sha256, size, entry, opener, base: undefined });
    else {
      const end = keyringEnd(entry, { destination: sets.destination, known, now: job.clock.now() });
      if (end === undefined)
        addFinding(findings, { kind: 'missing', file: name, message: 'the keyring is not in the store' });
      else ended.push(end);
    }
  }
  const [since] = ended.toSorted();
  if (since !== undefined)
    job.notes.push(
      `keyring gone since ${since} or later: its wrapped keys come from a younger set's keyring, without those of erased persons`,
    );
  const named = new Set(keyrings.flatMap(({ name }) => [name, `${name}.asc`]));
  for (const name of present) {
    if (named.has(name)) continue;
    const message = 'the file lies in the folder of the keyring, but not in the manifest';
    findings.push({ kind: 'unlisted', file: name, message });
  }
  return targets;
}
