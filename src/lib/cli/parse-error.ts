import { closest } from '../base/closest.ts';

/** What oclif's parser throws; `parse` holds argv with every secret that somebody typed, so it is never printed. */
export interface ParseError extends Error {
  readonly oclif: { readonly exit?: number };
}

interface ParserDetail {
  readonly args?: readonly { readonly name: string; readonly options?: readonly string[] }[];
  readonly flags?: readonly string[];
  readonly parse?: {
    readonly input?: { readonly args?: object; readonly flags?: object };
  };
}

export function isParseError(error: unknown): error is ParseError {
  return error instanceof Error && 'oclif' in error;
}

/**
 * What is wrong with the flags and arguments, in our words. oclif's own repeat what was typed, which may be a
 * passphrase in the wrong place: only names that the command itself knows, and names of flags, are told.
 */
export function explainParseError(error: ParseError): {
  readonly message: string;
  readonly hints: readonly string[];
} {
  const { args, flags, parse }: ParserDetail = error as unknown as ParserDetail;
  const known = parse?.input;
  switch (error.constructor.name) {
    case 'NonExistentFlagsError':
      return unknownFlags((flags ?? []).map(flagName), Object.keys(known?.flags ?? {}));
    case 'UnexpectedArgsError':
      return { message: tooManyArguments(Object.keys(known?.args ?? {})), hints: [] };
    case 'RequiredArgsError':
      return { message: missingArguments(args ?? []), hints: [] };
    default:
      return { message: knownSentences(error.message), hints: [] };
  }
}

/** `--passphrase=hunter2` → `--passphrase`; `-phunter2` → `-p`. */
function flagName(typed: string): string {
  return typed.startsWith('--') ? (typed.split('=')[0] ?? '--') : typed.slice(0, 2);
}

function unknownFlags(names: readonly string[], known: readonly string[]) {
  const guesses = names.flatMap((name) => {
    const guess = closest(name.replace(/^-+/, ''), known);
    return guess === undefined ? [] : [`did you mean --${guess}?`];
  });
  return {
    message: `unknown ${names.length === 1 ? 'flag' : 'flags'} ${names.join(', ')}`,
    hints: [...new Set(guesses)],
  };
}

/** @param takes the names of the arguments that the command has */
export function tooManyArguments(takes: readonly string[]): string {
  const what =
    takes.length === 0 ? 'no arguments' : `only ${takes.map((name) => name.toUpperCase()).join(' ')}`;
  return `too many arguments: this command takes ${what}`;
}

function missingArguments(args: NonNullable<ParserDetail['args']>): string {
  const names = args.map(({ name, options }) =>
    options === undefined ? name.toUpperCase() : `${name.toUpperCase()} (${options.join(' or ')})`,
  );
  return `missing ${names.length === 1 ? 'argument' : 'arguments'} ${names.join(', ')}`;
}

/** oclif's sentences and ours; whatever fits none is left out, because it may hold a value. */
const sentences: readonly (readonly [RegExp, (...found: string[]) => string])[] = [
  [/Missing required flag ([\w-]+)/g, (name) => `missing flag --${name}`],
  [
    /--([\w-]+)=.* cannot also be provided when using --([\w-]+)/g,
    (a, b) => `--${a} and --${b} do not go together`,
  ],
  [
    /--([\w-]+) cannot also be provided when using --([\w-]+)/g,
    (a, b) => `--${a} and --${b} do not go together`,
  ],
  [
    /All of the following must be provided when using --([\w-]+): (--[\w-, ]+)/g,
    (a, b) => `--${a} needs ${b}`,
  ],
  [/Exactly one of the following must be provided: (--[\w-, ]+)/g, (names) => `give exactly one of ${names}`],
  [
    /At least one of the following must be provided: (--[\w-, ]+)/g,
    (names) => `give at least one of ${names}`,
  ],
  [
    /Expected --([\w-]+)=[^]* to be one of: ([^\n]+)/g,
    (name, options) => `--${name} must be one of ${options}`,
  ],
  [/^Expected [^]* to be one of: ([^\n]+)/g, (options) => `the argument must be one of ${options}`],
  [/Flag --([\w-]+) expects a value/g, (name) => `--${name} needs a value`],
  [/Parsing --([\w-]+) \s*Expected an integer but/g, (name) => `--${name} must be a whole number`],
  [
    /Parsing --([\w-]+) \s*Expected an integer greater than or equal to (-?\d+)/g,
    (name, n) => `--${name} must be at least ${n}`,
  ],
  [
    /Parsing --([\w-]+) \s*Expected an integer less than or equal to (-?\d+)/g,
    (name, n) => `--${name} must be at most ${n}`,
  ],
  [/Parsing --([\w-]+) \s*/g, (name) => `--${name} cannot have this value`],
];

function knownSentences(message: string): string {
  const found = new Set<string>();
  let rest = message;
  for (const [pattern, say] of sentences) {
    rest = rest.replaceAll(pattern, (...match: unknown[]) => {
      found.add(say(...match.slice(1).filter((part): part is string => typeof part === 'string')));
      return '';
    });
  }
  return found.size === 0 ? 'these flags and arguments are not understood' : [...found].join('; ');
}
