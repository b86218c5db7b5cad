import type { AdoptInputs } from './inputs.ts';

/** Where values in clear are left when a plan is done: a sentence each, for plan, command and certificate. */
export function remainsOf({ mode, table, column, source }: AdoptInputs): readonly string[] {
  if (mode === 'copy')
    return [`every value still stands in ${table}.${source ?? column} too, until --finish`];
  return [
    `dead rows of ${table} keep values in clear until VACUUM has removed them; files give the space back, and old bytes with it, only to VACUUM (FULL), which locks the table`,
    'replicas, archived write-ahead log and backups from before keep them for as long as they are kept',
  ];
}
