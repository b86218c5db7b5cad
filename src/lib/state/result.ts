import { z } from 'zod';

const migration = z.strictObject({ version: z.number().int(), title: z.string() });

/** The result of `state migrate`. */
export const migrateResult = z.strictObject({
  version: z.number().int(),
  applied: z.array(migration),
  /** With --dry-run: what would be applied. */
  pending: z.array(migration),
});

/** The result of `state status`. */
export const statusResult = z.strictObject({
  state: z.enum(['current', 'behind', 'not migrated']),
  version: z.number().int(),
  newest: z.number().int(),
  applied: z.array(migration.extend({ sha256: z.string(), appliedAt: z.string(), appliedBy: z.string() })),
  pending: z.array(migration),
});

export type MigrateOutput = z.infer<typeof migrateResult>;
export type StatusOutput = z.infer<typeof statusResult>;
