import { Flags } from '@oclif/core';
import { confirmFlag, dryRunFlag, yesFlag } from './flags.ts';

/** Which destination a set is read from. */
export const fromFlag = {
  from: Flags.string({
    summary: 'the destination to read from; the first one unless given',
    helpValue: 'DESTINATION',
  }),
};

/** What `backup restore` takes. */
export const restoreFlags = {
  ...dryRunFlag,
  ...yesFlag,
  ...confirmFlag,
  to: Flags.string({ summary: 'the name of the new database', required: true, helpValue: 'DATABASE' }),
  ...fromFlag,
  source: Flags.string({
    summary: 'which database of the set: platform, a further one, or state',
    default: 'platform',
    helpValue: 'NAME',
  }),
  table: Flags.string({
    summary: 'load the rows of this table only; again for more. The schema comes whole',
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'SCHEMA.NAME',
  }),
  'as-of': Flags.string({
    summary: 'the newest set that began at this time or earlier; a date means its end, in UTC',
    helpValue: 'TIME',
  }),
  'newest-verifying': Flags.boolean({
    summary: 'where the newest set is damaged or gone, take the newest one that verifies',
  }),
  'without-erasures': Flags.boolean({
    summary: 'repeat no erasures: persons who were erased since the backup are back',
  }),
  'objects-to': Flags.string({
    summary: 'put the mail objects into this store; BUCKET=STORE/PREFIX where the set has several buckets',
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'STORE[/PREFIX]',
  }),
  'plan-only': Flags.boolean({ summary: 'stop after the plan', exclusive: ['dry-run'] }),
};
