import { Flags } from '@oclif/core';

/** What every command takes. */
export const globalFlags = {
  json: Flags.boolean({ summary: 'print the result as one JSON document', helpGroup: 'GLOBAL' }),
  config: Flags.string({
    summary: 'the configuration file',
    helpGroup: 'GLOBAL',
    helpValue: 'FILE',
    env: 'POSTERN_CONFIG',
  }),
  profile: Flags.string({
    summary: 'the profile of the configuration [env: POSTERN_PROFILE]',
    helpGroup: 'GLOBAL',
    helpValue: 'NAME',
  }),
  quiet: Flags.boolean({
    char: 'q',
    summary: 'only results, warnings and errors',
    helpGroup: 'GLOBAL',
    exclusive: ['verbose'],
  }),
  verbose: Flags.boolean({ char: 'v', summary: 'say more on stderr', helpGroup: 'GLOBAL' }),
  'no-input': Flags.boolean({
    summary: 'never ask: fail, and name the flag that answers',
    helpGroup: 'GLOBAL',
  }),
  'no-color': Flags.boolean({ summary: 'no colors, as with NO_COLOR', helpGroup: 'GLOBAL' }),
};

/** For commands that print a table. */
export const tableFlags = {
  output: Flags.option({ options: ['table', 'csv', 'yaml'] as const, default: 'table' as const })({
    summary: 'how to print the table',
    exclusive: ['json'],
  }),
};

/** For commands that change something. */
export const dryRunFlag = {
  'dry-run': Flags.boolean({ summary: 'say what would be done, and change nothing' }),
};

/** For moderate danger. */
export const yesFlag = {
  yes: Flags.boolean({ char: 'y', summary: 'answer yes to the question' }),
};

/** For severe danger. */
export const confirmFlag = {
  confirm: Flags.string({ summary: "the target's name, instead of typing it", helpValue: 'NAME' }),
};
