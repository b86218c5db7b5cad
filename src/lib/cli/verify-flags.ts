import { Flags } from '@oclif/core';

/** How closely `backup verify` looks, at what, and how much it may read. */
export const verifyFlags = {
  level: Flags.string({
    summary: 'how closely to look: list, head, sample=N% or full',
    default: 'full',
    helpValue: 'LEVEL',
  }),
  from: Flags.string({
    summary: 'the destination to read from; the first one unless given',
    helpValue: 'DESTINATION',
    exclusive: ['all-destinations'],
  }),
  all: Flags.boolean({ summary: 'verify every complete set' }),
  'all-destinations': Flags.boolean({ summary: 'verify at every destination' }),
  resume: Flags.boolean({ summary: 'go on with the sample or full verification that did not end' }),
  'max-egress': Flags.string({
    summary: 'read no more than this from the stores: 2GiB',
    helpValue: 'SIZE',
  }),
  seed: Flags.string({ summary: 'repeat the sample that this seed chose', helpValue: 'SEED' }),
};
