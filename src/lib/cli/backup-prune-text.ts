import type { BackupPruneResult } from '../backup/prune/results.ts';
import { formatByteSize } from '../base/byte-size.ts';
import { counted } from '../base/counted.ts';
import type { Column } from './table.ts';

type Entry = BackupPruneResult['entries'][number];

/** What `backup prune` shows of the plan: keyrings only where they go. */
export function shownEntries(entries: readonly Entry[]): readonly Entry[] {
  return entries.filter(({ what, action }) => what !== 'keyring' || action !== 'keep');
}

export const pruneColumns: readonly Column<Entry>[] = [
  { header: 'what', value: ({ what }) => what },
  { header: 'set', value: ({ setId }) => setId },
  { header: 'size', value: ({ bytes }) => formatByteSize(bytes), align: 'right' },
  { header: '', value: ({ action }) => action },
  {
    header: 'why',
    value: ({ reasons, lockedUntil }) =>
      lockedUntil === null ? reasons.join('; ') : `locked until ${lockedUntil.slice(0, 10)}`,
  },
];

/** What became of it, one line each. */
export function pruneLines({
  outcome,
  planId,
  removed,
  certificateId,
  destination,
}: BackupPruneResult): readonly string[] {
  const certificate = certificateId === null ? [] : [`certificate ${certificateId}`];
  if (removed === null) return [planId === null ? outcome : `${outcome}: plan ${planId}`, ...certificate];
  const { sets, parts, keyrings, versions, bytes } = removed;
  const what = [
    counted(sets, 'set'),
    counted(parts, 'dead run'),
    counted(keyrings, 'keyring'),
    `${counted(versions, 'object version')}, ${formatByteSize(bytes)}`,
  ];
  return [`removed from ${destination}: ${what.join(', ')}`, ...certificate];
}
