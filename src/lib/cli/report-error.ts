import { inspect } from 'node:util';
import { messageOf, PosternError } from '../base/error.ts';
import { ExitCode } from '../base/exit-code.ts';
import { isConnectionLost } from '../base/postgres.ts';
import { explainParseError, isParseError } from './parse-error.ts';

/** An error as the person and the JSON envelope see it. */
export interface ReportedError {
  readonly message: string;
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly hints: readonly string[];
  /** Set when nobody but us can mend it. */
  readonly isBug: boolean;
}

/**
 * Sorts whatever was thrown into the three kinds: the person can act on it, the person stopped it, or it is a bug.
 */
export function explainError(error: unknown): ReportedError {
  if (error instanceof PosternError) {
    return {
      message: error.message,
      code: error.code ?? codeOf(error.exitCode),
      exitCode: error.exitCode,
      hints: error.hints,
      isBug: false,
    };
  }
  if (isInterruption(error)) {
    return {
      message: 'interrupted',
      code: 'interrupted',
      exitCode: ExitCode.interrupted,
      hints: [],
      isBug: false,
    };
  }
  if (isParseError(error)) {
    return { ...explainParseError(error), code: 'usage', exitCode: ExitCode.usage, isBug: false };
  }
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') {
    return {
      message: `no space left on the device${pathOf(error)}`,
      code: 'disk-full',
      exitCode: ExitCode.failure,
      hints: ['free some space and run the command again'],
      isBug: false,
    };
  }
  if (isConnectionLost(error)) {
    return {
      message: `a connection was lost: ${messageOf(error)}`,
      code: 'connection-lost',
      exitCode: ExitCode.failure,
      hints: [
        'the log of the server, as a rule that of the database, says who or what ended it; then run this again',
      ],
      isBug: false,
    };
  }
  return {
    message: `unexpected: ${error instanceof Error ? error.message : inspect(error)}`,
    code: 'bug',
    exitCode: ExitCode.failure,
    hints: ['this is a bug in postern; run again with --verbose and report the whole output'],
    isBug: true,
  };
}

/** The lines for stderr: `postern: error: …`, then a `hint:` line each. */
export function formatError(reported: ReportedError): string {
  return [`postern: error: ${reported.message}`, ...reported.hints.map((hint) => `hint: ${hint}`)].join('\n');
}

/** Stack and causes, for `--verbose`; none for a parse error, since that carries argv with what secrets it has. */
export function traceOf(error: unknown): string | undefined {
  return isParseError(error) ? undefined : inspect(error, { depth: 4 });
}

function codeOf(exitCode: ExitCode): string {
  const entry = Object.entries(ExitCode).find(([, value]) => value === exitCode);
  return entry?.[0] ?? 'failure';
}

function isInterruption(error: unknown): boolean {
  return error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortError');
}

function pathOf(error: Error): string {
  return 'path' in error && typeof error.path === 'string' ? `: ${error.path}` : '';
}
