import { Flags } from '@oclif/core';
import { throttleFlags } from './throttle-flags.ts';

/** For commands that let values be encrypted again. */
export const reencryptFlags = {
  workers: Flags.integer({ summary: 'values at work at once, in sessions', min: 1, max: 32, default: 2 }),
  'batch-size': Flags.integer({ summary: 'values in one statement', min: 1, max: 10_000, default: 1000 }),
  ...throttleFlags,
  'writer-cache': Flags.string({
    summary:
      'how long applications keep a data key in memory, or 0; what they write until then is caught at the end',
    helpValue: 'DURATION',
    default: '5m',
  }),
};
