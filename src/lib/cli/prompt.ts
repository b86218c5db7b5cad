import { refused, usageError } from '../base/error.ts';

/**
 * Asks a person before something dangerous. Without a terminal nobody is asked: the error names the flag that
 * would have answered.
 */
export interface Asking {
  readonly isInteractive: boolean;
  /** `--yes`, or `--confirm NAME`. */
  readonly yes: boolean;
  readonly confirm: string | undefined;
  /** Ends a question that is open when SIGTERM arrives. */
  readonly signal: AbortSignal;
}

/**
 * Moderate danger: y/N, or `--yes`.
 * @throws {PosternError} exit 2 without a terminal and without the flag, exit 6 when the answer is no
 */
export async function confirmYes(question: string, asking: Asking): Promise<void> {
  if (asking.yes) return;
  if (!asking.isInteractive) {
    throw usageError(`there is no terminal to ask on: ${question}`, {
      code: 'needs-answer',
      hints: ['answer with --yes'],
    });
  }
  const { confirm } = await import('@inquirer/prompts');
  if (await confirm({ message: question, default: false }, { output: process.stderr, signal: asking.signal }))
    return;
  throw refused('not confirmed, nothing was changed', { code: 'not-confirmed' });
}

/**
 * Severe danger: the person types the target's name, or gives it by `--confirm NAME`.
 * @throws {PosternError} exit 2 without a terminal and without the flag, exit 6 when the name differs
 */
export async function confirmName(warning: string, name: string, asking: Asking): Promise<void> {
  const given = asking.confirm ?? (await askName(warning, name, asking));
  if (given === name) return;
  throw refused(`the name given is not the target's, nothing was changed`, {
    code: 'not-confirmed',
    hints: [`the target is called ${name}`],
  });
}

async function askName(warning: string, name: string, { isInteractive, signal }: Asking): Promise<string> {
  if (!isInteractive) {
    throw usageError(`there is no terminal to ask for a confirmation on: ${warning}`, {
      code: 'needs-answer',
      hints: [`answer with --confirm ${name}`],
    });
  }
  const { input } = await import('@inquirer/prompts');
  return input({ message: `${warning}\nType ${name} to go on:` }, { output: process.stderr, signal });
}
