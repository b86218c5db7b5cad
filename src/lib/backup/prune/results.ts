// What `backup prune` returns under --json.
import { z } from 'zod';
import { pruneEntry } from './entries.ts';

const count = z.number().int().nonnegative();

export const backupPruneResult = z.strictObject({
  destination: z.string(),
  location: z.string(),
  /** Null where there is nothing to remove. */
  planId: z.string().nullable(),
  outcome: z.enum(['nothing to remove', 'applied', 'planned', 'awaiting approval', 'not stored']),
  certificateId: z.string().nullable(),
  /** What was decided about each set, about what runs left, and about each keyring, and why. */
  entries: z.array(pruneEntry),
  /** What is gone; null where nothing was applied. */
  removed: z
    .strictObject({
      sets: count,
      parts: count,
      keyrings: count,
      /** Versions and delete markers, and their bytes. */
      versions: count,
      bytes: count,
    })
    .nullable(),
  /** What the store keeps longer than the rules ask for: by the plan, and as applying found it. */
  retained: count,
});

export type BackupPruneResult = z.infer<typeof backupPruneResult>;
