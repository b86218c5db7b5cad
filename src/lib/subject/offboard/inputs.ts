import { z } from 'zod';
import { eraseInputs } from '../erase/inputs.ts';

/** `inputs` of a plan of kind `tenant.offboard`. */
export const offboardInputs = eraseInputs
  .pick({ reason: true, judgedAt: true, rows: true, objects: true, holds: true, keys: true, triggers: true })
  .extend({
    tenant: z.string().min(1),
    /** The day on which the contract ended, and the last on which all has to be deleted or returned. */
    endedOn: z.string(),
    dueOn: z.string(),
    /** Tables of which the map does not tell whose tenant a row is: they stay as they are. */
    untied: z.array(z.string()),
  });

export type OffboardInputs = z.infer<typeof offboardInputs>;
