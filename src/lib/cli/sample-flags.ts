import { Flags } from '@oclif/core';

/** For commands that look into a sample of the platform's rows. */
export const sampleFlags = {
  sample: Flags.integer({
    summary: 'rows that are read of a table of more than 4 MiB; 20,000 unless told',
    helpValue: 'ROWS',
    min: 1,
    max: 100_000_000,
    exclusive: ['no-sample'],
  }),
  'no-sample': Flags.boolean({ summary: 'read no values: only what the catalog says' }),
};
