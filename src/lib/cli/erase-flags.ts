import { Flags } from '@oclif/core';
import { confirmFlag, dryRunFlag, tableFlags } from './flags.ts';
import { fromFlag } from './restore-flags.ts';

/** What `subject erase` takes. */
export const eraseFlags = {
  ...tableFlags,
  ...dryRunFlag,
  ...confirmFlag,
  'plan-only': Flags.boolean({ summary: 'stop after the plan', exclusive: ['dry-run'] }),
  tenant: Flags.string({ summary: 'only rows of this tenant', helpValue: 'ID' }),
  rehearse: Flags.boolean({
    summary: 'erase in a restored backup that is thrown away, and tell what would be left',
    exclusive: ['plan-only', 'dry-run', 'confirm', 'request'],
  }),
  set: Flags.string({ summary: 'the backup set of --rehearse', helpValue: 'SET', dependsOn: ['rehearse'] }),
  ...fromFlag,
  server: Flags.string({
    summary: 'the server of --rehearse, as of `backup drill`',
    helpValue: 'SERVER',
    dependsOn: ['rehearse'],
  }),
  request: Flags.integer({
    summary: 'the request that is fulfilled, by its number',
    helpValue: 'N',
    min: 1,
  }),
  reason: Flags.string({
    summary: 'why, for the plan and the certificate; name no person',
    helpValue: 'TEXT',
  }),
};
