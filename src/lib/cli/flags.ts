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

/** For plans that fulfil what a person asked for. */
export const personPlanFlags = {
  ...dryRunFlag,
  'plan-only': Flags.boolean({ summary: 'stop after the plan', exclusive: ['dry-run'] }),
  tenant: Flags.string({ summary: 'only rows of this tenant', helpValue: 'ID' }),
  request: Flags.integer({
    summary: 'the request that is fulfilled, by its number',
    helpValue: 'N',
    min: 1,
  }),
};

/** Where somebody knows what no table tells. */
export const onePersonFlag = {
  'one-person': Flags.boolean({
    summary: 'where the names lead to several rows of a table, all of them are one person',
  }),
};

export const sharedFlag = {
  shared: Flags.string({
    summary:
      'a name that several persons share, as that of an office: it leads to nobody; may be given several times',
    helpValue: 'NAME',
    multiple: true,
    multipleNonGreedy: true,
  }),
};

/** For severe danger. */
export const confirmFlag = {
  confirm: Flags.string({ summary: "the target's name, instead of typing it", helpValue: 'NAME' }),
};
