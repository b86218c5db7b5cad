import type { ListedSet } from '../backup/results.ts';
import { formatByteSize } from '../base/byte-size.ts';
import type { Column } from './table.ts';

/** What `backup list` shows of a set. */
export const listColumns: readonly Column<ListedSet>[] = [
  { header: 'destination', value: ({ destination }) => destination },
  { header: 'set', value: ({ setId }) => setId },
  { header: 'started', value: ({ startedAt }) => startedAt },
  { header: 'state', value: ({ state, isHidden }) => (isHidden ? `${state}, hidden` : state) },
  { header: 'files', value: ({ files }) => files, align: 'right' },
  { header: 'size', value: ({ bytes }) => formatByteSize(bytes), align: 'right' },
  { header: 'locked until', value: ({ lockedUntil }) => lockedUntil?.slice(0, 10) },
  { header: 'verified', value: ({ lastVerified }) => verified(lastVerified) },
  { header: 'read in full', value: ({ lastFull }) => verified(lastFull) },
];

/** `head 2026-03-01`; of a full one the day alone. */
function verified(last: ListedSet['lastVerified']): string | undefined {
  if (last === null) return undefined;
  const level = last.level === null || last.level === 'full' ? '' : `${last.level} `;
  return `${level}${last.at.slice(0, 10)}${last.outcome === 'failed' ? ', failed' : ''}`;
}
