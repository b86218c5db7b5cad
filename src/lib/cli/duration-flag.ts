import { parseDuration } from '../base/duration.ts';
import { usageError } from '../base/error.ts';

/**
 * The value of a flag such as `--max-age 8d`, in milliseconds; undefined where it was not given.
 * @throws {PosternError} exit 2, `duration-invalid`
 */
export function durationFlag(name: string, text: string | undefined): number | undefined {
  const duration = text === undefined ? undefined : parseDuration(text);
  if (text === undefined || duration !== undefined) return duration;
  throw usageError(`--${name} ${JSON.stringify(text)} is not a duration`, {
    code: 'duration-invalid',
    hints: [`write --${name} 8d, or 36h, for example`],
  });
}
