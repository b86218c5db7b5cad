import { Flags } from '@oclif/core';

/** For commands that read the register of keys. */
export const registerFlags = {
  within: Flags.string({
    summary: 'what ends sooner is due',
    helpValue: 'DURATION',
    default: '30d',
  }),
  census: Flags.boolean({ summary: 'count encrypted values by their keys, and put that on record' }),
  'ask-stores': Flags.boolean({
    summary: 'ask the backup stores which keys open which sets',
    allowNo: true,
    default: true,
  }),
};
