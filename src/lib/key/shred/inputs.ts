import { z } from 'zod';

/** `inputs` of a plan of kind `key.shred`. The subject itself is not named: a plan is kept for ever. */
export const shredInputs = z.strictObject({
  /** Canonical `schema.table`. */
  keyring: z.string(),
  /** Ids of the versions whose wrapped key goes. */
  keys: z.array(z.uuid()).min(1),
  reason: z.string().min(1),
  /** Values under these keys, by column: what nobody can read afterwards. */
  values: z.array(
    z.strictObject({ table: z.string(), column: z.string(), values: z.number().int().nonnegative() }),
  ),
  /** Of the keyring, that the change sets off: they may have copied wrapped keys to where nothing shreds them. */
  triggers: z.array(z.string()).default([]),
});

export type ShredInputs = z.infer<typeof shredInputs>;
