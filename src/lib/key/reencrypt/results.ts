// What `key reencrypt`, `key work` and `key quarantine` return under --json.
import { z } from 'zod';
import { reencryptForecast } from './inputs.ts';

const count = z.number().int().nonnegative();

export const keyReencryptResult = z.strictObject({
  keyring: z.string(),
  forecast: reencryptForecast,
  /** Null where there is nothing to do. */
  planId: z.string().nullable(),
  outcome: z.enum(['nothing to do', 'applied', 'planned', 'awaiting approval', 'not stored']),
  certificateId: z.string().nullable(),
  /** What it took; null where nothing was applied. */
  actual: z
    .strictObject({
      newKeys: count,
      values: count,
      /** How often an application had changed a value under the walk; it was read again. */
      moved: count,
      /** Keys that no value names any more. */
      drained: count,
      /** Values under keys that were destroyed on purpose, counted at the end; they stay as they are. */
      shredded: count,
      kmsCalls: count,
      walBytes: count,
      seconds: z.number().nonnegative(),
    })
    .nullable(),
});

export const keyWorkResult = z.strictObject({
  planId: z.string(),
  /** Looked at by this command, whether they were encrypted again or found current. */
  rows: count,
  walks: count,
});

const resolvedValues = z.strictObject({
  table: z.string(),
  column: z.string(),
  /**
   * `column-gone`: the database has no such column; `column-left`: the map calls it neither encrypted nor hashed;
   * `row-gone`: the row is gone, or holds no value; `value-active`, `value-shredded`: under the active key of its
   * subject, or one that was destroyed on purpose.
   */
  why: z.enum(['column-gone', 'column-left', 'row-gone', 'value-active', 'value-shredded']),
  values: count,
});

export const keyQuarantineResult = z.strictObject({
  values: z.array(
    z.strictObject({
      table: z.string(),
      column: z.string(),
      /** The row's primary key, in PostgreSQL's text form. */
      key: z.array(z.string()),
      reason: z.string(),
      since: z.string(),
      lastTried: z.string(),
      planId: z.string(),
    }),
  ),
  /** How many there are, of which `values` shows the first. */
  total: count,
  /** What --resolve took out. */
  resolved: z.array(resolvedValues),
});

export type ResolvedValues = z.infer<typeof resolvedValues>;
export type KeyReencryptResult = z.infer<typeof keyReencryptResult>;
export type KeyQuarantineResult = z.infer<typeof keyQuarantineResult>;
export type KeyWorkResult = z.infer<typeof keyWorkResult>;
