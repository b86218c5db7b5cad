import { Flags } from '@oclif/core';
import { personPlanFlags, sharedFlag, tableFlags, yesFlag } from './flags.ts';

/** What `subject rectify` takes. */
export const rectifyFlags = {
  ...tableFlags,
  ...personPlanFlags,
  ...yesFlag,
  ...sharedFlag,
  from: Flags.string({ summary: 'the name that is wrong, as the person is given', helpValue: 'NAME' }),
  to: Flags.string({ summary: 'what is right; standard input unless given', helpValue: 'VALUE' }),
  field: Flags.string({
    summary: "set this column of the person's own rows",
    helpValue: 'TABLE.COLUMN',
    exclusive: ['from', 'everywhere'],
  }),
  values: Flags.string({ summary: 'the values, as JSON: who, from, to, shared', helpValue: 'FILE' }),
  everywhere: Flags.boolean({ summary: 'in rows of others too', default: false }),
  reason: Flags.string({
    summary: 'why, for the plan and the certificate; name no person',
    helpValue: 'TEXT',
    required: true,
  }),
};
