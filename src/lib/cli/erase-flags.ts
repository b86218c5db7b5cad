import { Flags } from '@oclif/core';
import { confirmFlag, onePersonFlag, personPlanFlags, sharedFlag, tableFlags } from './flags.ts';
import { fromFlag } from './restore-flags.ts';

/** What `subject erase` takes. */
export const eraseFlags = {
  ...tableFlags,
  ...personPlanFlags,
  ...onePersonFlag,
  ...sharedFlag,
  ...confirmFlag,
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
  reason: Flags.string({
    summary: 'why, for the plan and the certificate; name no person',
    helpValue: 'TEXT',
  }),
};
