import { Flags } from '@oclif/core';

/** For commands that take an operator's signature; without any of them, the configured key signs. */
export const signatureFlags = {
  signature: Flags.string({
    summary: 'a detached signature over the canonical text, as gpg makes it',
    helpValue: 'FILE',
    exclusive: ['key'],
  }),
  key: Flags.string({ summary: 'the secret key to sign with, here and now', helpValue: 'FILE' }),
  'passphrase-file': Flags.string({
    summary: "a file with the key's passphrase",
    helpValue: 'FILE',
    dependsOn: ['key'],
  }),
};
