import type { Interfaces } from '@oclif/core';
import { closest } from '../base/closest.ts';
import { type PosternError, usageError } from '../base/error.ts';
import { errorEnvelope } from './envelope.ts';
import { tooManyArguments } from './parse-error.ts';
import { explainError, formatError } from './report-error.ts';

export interface UnknownCommand {
  /** The words that may be repeated: what follows the first unknown one could be a secret. */
  readonly asked: string;
  readonly error: PosternError;
}

/** Why these words are no command, and which one was probably meant. */
export function unknownCommand(
  words: readonly string[],
  config: Pick<Interfaces.Config, 'bin' | 'commands' | 'findCommand' | 'findTopic'>,
): UnknownCommand {
  const { bin } = config;
  if (words[0]?.startsWith('-') ?? true) {
    return {
      asked: '',
      error: usageError('flags come after a command, and there is none', {
        code: 'command-missing',
        hints: [`\`${bin} --help\` lists the commands`],
      }),
    };
  }
  for (let length = words.length - 1; length > 0; length -= 1) {
    const command = config.findCommand(words.slice(0, length).join(':'));
    if (command === undefined) continue;
    const asked = words.slice(0, length).join(' ');
    return {
      asked,
      error: usageError(tooManyArguments(Object.keys(command.args)), {
        code: 'usage',
        hints: [`\`${bin} ${asked} --help\` shows what it takes`],
      }),
    };
  }
  const known = words.findLastIndex((_, index) => config.findTopic(words.slice(0, index + 1).join(':')));
  const asked = words.slice(0, known + 2).join(' ');
  const names = config.commands.filter(({ hidden }) => !hidden).map(({ id }) => id.replaceAll(':', ' '));
  const guess = closest(words.join(' '), names) ?? closest(asked, names);
  return {
    asked,
    error: usageError(`there is no command ${asked}`, {
      code: 'unknown-command',
      hints: [
        guess === undefined
          ? `\`${[bin, ...words.slice(0, known + 1)].join(' ')} --help\` lists the commands`
          : `did you mean \`${bin} ${guess}\`?`,
      ],
    }),
  };
}

/** Tells it, as text or under `--json`, and ends with 2. */
export function reportUnknown({ asked, error }: UnknownCommand, argv: readonly string[]): void {
  const reported = explainError(error);
  if (argv.includes('--json'))
    process.stdout.write(`${JSON.stringify(errorEnvelope(asked, reported, []), undefined, 2)}\n`);
  else process.stderr.write(`${formatError(reported)}\n`);
  process.exitCode = reported.exitCode;
}
