import { Flags } from '@oclif/core';
import { onePersonFlag, sharedFlag, tableFlags } from './flags.ts';

/** What `subject export` takes. */
export const exportFlags = {
  ...tableFlags,
  access: Flags.boolean({
    summary: 'all personal data, and what is told of them (Article 15)',
    exactlyOne: ['access', 'portability'],
  }),
  portability: Flags.boolean({ summary: 'what the person provided (Article 20)' }),
  out: Flags.string({
    summary: 'the archive; encrypted, .gpg is added',
    helpValue: 'FILE.zip',
    required: true,
  }),
  recipient: Flags.string({
    summary: 'encrypt for this OpenPGP key',
    helpValue: 'KEY.asc',
    exclusive: ['passphrase-file', 'no-passphrase'],
  }),
  'passphrase-file': Flags.string({
    summary: 'encrypt with the passphrase in this file; asked for unless told',
    helpValue: 'FILE',
    exclusive: ['no-passphrase'],
  }),
  'no-passphrase': Flags.boolean({ summary: 'leave the archive in clear' }),
  tenant: Flags.string({ summary: 'only rows of this tenant', helpValue: 'ID' }),
  ...onePersonFlag,
  ...sharedFlag,
  split: Flags.string({ summary: 'several archives of at most this size', helpValue: 'SIZE' }),
  mail: Flags.option({ options: ['both', 'eml', 'mbox'] as const, default: 'both' as const })({
    summary: 'how messages are written',
  }),
  review: Flags.string({ summary: 'a review file with decisions filled in', helpValue: 'FILE' }),
  'disclose-bcc': Flags.string({
    summary: 'give out blind copies to others, for this reason',
    helpValue: 'REASON',
  }),
  request: Flags.integer({ summary: 'the request that this answers', helpValue: 'NUMBER', min: 1 }),
};
