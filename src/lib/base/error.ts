import { ExitCode } from './exit-code.ts';

export interface ErrorDetail {
  /** What to do next, one lowercase sentence each. */
  readonly hints?: readonly string[];
  /** The error that led here; it is kept whole for `--verbose`. */
  readonly cause?: unknown;
  /** A stable machine-readable name, in kebab case: `recipient-expired`. */
  readonly code?: string;
}

/**
 * An error that a person can act on: what happened and why, in one lowercase sentence without a full stop,
 * and hints that say what to do next. Anything else that is thrown counts as a bug and is reported as one.
 */
export class PosternError extends Error {
  readonly exitCode: ExitCode;
  readonly hints: readonly string[];
  readonly code: string | undefined;

  constructor(exitCode: ExitCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'PosternError';
    this.exitCode = exitCode;
    this.hints = detail.hints ?? [];
    this.code = detail.code;
  }
}

/** Exit 1: the work failed, and nothing was half-written. */
export function failure(message: string, detail?: ErrorDetail): PosternError {
  return new PosternError(ExitCode.failure, message, detail);
}

/** Exit 2: the person's flags, arguments or configuration are wrong. */
export function usageError(message: string, detail?: ErrorDetail): PosternError {
  return new PosternError(ExitCode.usage, message, detail);
}

/** Exit 4: something could not be looked at, so no answer may be given about it. */
export function incomplete(message: string, detail?: ErrorDetail): PosternError {
  return new PosternError(ExitCode.incomplete, message, detail);
}

/** Exit 5: bytes, a hash, a chain or a signature are not what they must be. */
export function integrityError(message: string, detail?: ErrorDetail): PosternError {
  return new PosternError(ExitCode.integrity, message, detail);
}

/** Exit 6: postern will not do this: no approval, stale plan, wrong target. */
export function refused(message: string, detail?: ErrorDetail): PosternError {
  return new PosternError(ExitCode.refused, message, detail);
}

/** Exit 7: part of the work is done and recorded; the same command resumes it. */
export function partial(message: string, detail?: ErrorDetail): PosternError {
  return new PosternError(ExitCode.partial, message, detail);
}

/** Exit 11: another run holds the lock. */
export function locked(message: string, detail?: ErrorDetail): PosternError {
  return new PosternError(ExitCode.locked, message, detail);
}

/** The message of anything that was thrown, for use inside another message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
