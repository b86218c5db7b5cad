import { usageError } from './error.ts';

/** Before it there is no year 0 in PostgreSQL, and in none of our dates a reason to go there. */
const firstYear = 1;

/**
 * Reads `2026-03-01` or RFC 3339 such as `2026-03-01T12:00:00Z`.
 * @param dateMeans what a date alone means: the first or the last moment of that day, in UTC
 * @throws {PosternError} exit 2, `time-invalid`
 */
export function parseTime(text: string, dateMeans: 'start' | 'end'): Date {
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  const isTime = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)$/.test(text);
  const ofDay = dateMeans === 'start' ? '00:00:00.000' : '23:59:59.999';
  const time = isDate ? new Date(`${text}T${ofDay}Z`) : new Date(text.replace(' ', 'T'));
  // JavaScript takes 31 February for 3 March.
  const isReal = time.getUTCFullYear() >= firstYear && isCalendarDate(text.slice(0, 10));
  if ((isDate || isTime) && isReal) return time;
  throw usageError(`${JSON.stringify(text)} is no date and no time`, {
    code: 'time-invalid',
    hints: ['write it as 2026-03-01 or 2026-03-01T12:00:00Z'],
  });
}

function isCalendarDate(date: string): boolean {
  const parsed = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date);
}
