// What `key compromise` returns under --json.
import { z } from 'zod';
import { keyKinds } from '../register/results.ts';

const count = z.number().int().nonnegative();

/** What stands in a column under the key. */
export const blastColumn = z.strictObject({
  /** Canonical `schema.table`. */
  table: z.string(),
  column: z.string(),
  keyring: z.string(),
  category: z.string().nullable(),
  values: count,
  bytes: count,
  keys: count,
  /** Null where the keyring has no subjects. */
  subjects: count.nullable(),
  /** Null where the map names no column that tells whose a row is. */
  tenants: count.nullable(),
});

export const compromiseStep = z.strictObject({
  /** `you`: what no program can do, or what postern has no rights for. */
  by: z.enum(['you', 'postern']),
  action: z.string(),
  /** Arguments of postern. */
  command: z.array(z.string()).nullable(),
  /** A plan that is stored and waits to be applied. */
  planId: z.string().nullable(),
});

export const keyCompromiseResult = z.strictObject({
  key: z.strictObject({
    id: z.string(),
    kind: z.enum(keyKinds),
    name: z.string(),
    usedFor: z.array(z.string()),
  }),
  columns: z.array(blastColumn),
  values: count,
  bytes: count,
  /** Of all keyrings together, each subject of a keyring once; null where no keyring has subjects. */
  subjects: count.nullable(),
  /** Each once, whatever table it owns rows of. Null where no table with values tells. */
  tenants: count.nullable(),
  /** Sets that may hold what is under the key, or that it opens. */
  backups: z.strictObject({
    needs: z.array(z.string()),
    /** The newest of them. */
    setId: z.string().nullable(),
    /** When the last of their locks ends; null where nothing tells. */
    until: z.string().nullable(),
    /** Those that the key opens, or has signed, oldest first; empty for keys that do neither. */
    setIds: z.array(z.string()),
  }),
  /** In the order in which they are to be done. */
  steps: z.array(compromiseStep),
  unasked: z.array(z.strictObject({ source: z.string(), reason: z.string() })),
});

export type BlastColumn = z.infer<typeof blastColumn>;
export type CompromiseStep = z.infer<typeof compromiseStep>;
export type KeyCompromiseResult = z.infer<typeof keyCompromiseResult>;
