import { Flags } from '@oclif/core';
import { fromFlag } from './restore-flags.ts';
import { watchFlags } from './watch/watch-flags.ts';

/** What `backup drill` takes. */
export const drillFlags = {
  ...watchFlags,
  ...fromFlag,
  server: Flags.string({
    summary:
      'embedded, or where the URL of a server is: ${file:PATH} or ${env:NAME}; backup.drill.server_url unless given',
    helpValue: 'SERVER',
  }),
  source: Flags.string({
    summary: 'the database to restore: platform, a further one, state, or all',
    default: 'all',
    helpValue: 'NAME',
  }),
  report: Flags.string({ summary: 'write an HTML report into this file', helpValue: 'FILE' }),
  keep: Flags.boolean({ summary: 'leave the scratch databases to be looked at' }),
  cleanup: Flags.boolean({
    summary: 'only remove what killed drills and --keep have left',
    exclusive: ['keep', 'report', 'source', 'from'],
  }),
};
