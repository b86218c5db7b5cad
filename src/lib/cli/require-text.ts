import { usageError } from '../base/error.ts';

/** @param flag without its dashes @throws {PosternError} exit 2, `text-missing` */
export function requireText(flag: string, given: string): string {
  const text = given.trim();
  if (text !== '') return text;
  throw usageError(`--${flag} is empty`, { code: 'text-missing' });
}
