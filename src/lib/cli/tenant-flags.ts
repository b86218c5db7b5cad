import { Flags } from '@oclif/core';

/** What `tenant offboard --return` takes. */
export const returnFlags = {
  return: Flags.boolean({
    summary: 'hand out all that the tenant has',
    exclusive: ['delete', 'dry-run'],
    dependsOn: ['out'],
  }),
  out: Flags.string({
    summary: 'the archive; encrypted, .gpg is added',
    helpValue: 'FILE.zip',
    dependsOn: ['return'],
  }),
  recipient: Flags.string({
    summary: 'encrypt for this OpenPGP key',
    helpValue: 'KEY.asc',
    dependsOn: ['return'],
    exclusive: ['passphrase-file', 'no-passphrase'],
  }),
  'passphrase-file': Flags.string({
    summary: 'encrypt with the passphrase in this file; asked for unless told',
    helpValue: 'FILE',
    dependsOn: ['return'],
    exclusive: ['no-passphrase'],
  }),
  'no-passphrase': Flags.boolean({ summary: 'leave the archive in clear', dependsOn: ['return'] }),
  split: Flags.string({
    summary: 'several archives of at most this size',
    helpValue: 'SIZE',
    dependsOn: ['return'],
  }),
};
