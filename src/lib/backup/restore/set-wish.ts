import { usageError } from '../../base/error.ts';

/** Which set is wanted. */
export interface SetWish {
  /** By its name; then no other question is asked. */
  readonly set?: string;
  /** The newest one that began at this time or earlier. */
  readonly asOf?: Date;
  /** `take-older`: where the newest one is damaged or gone, the newest that verifies; `refuse` points it out only. */
  readonly whenDamaged: 'refuse' | 'take-older';
}

/**
 * What the words of a command line ask for.
 * @throws {PosternError} exit 2, `time-invalid`, `set-twice`
 */
export function setWish({
  set,
  asOf,
  takesOlder,
}: {
  readonly set: string | undefined;
  readonly asOf: string | undefined;
  readonly takesOlder: boolean;
}): SetWish {
  if (set !== undefined && (asOf !== undefined || takesOlder)) {
    throw usageError('the set is named, so there is none to choose', {
      code: 'set-twice',
      hints: ['leave the name out, or --as-of and --newest-verifying'],
    });
  }
  return {
    ...(set === undefined ? {} : { set }),
    ...(asOf === undefined ? {} : { asOf: parseAsOf(asOf) }),
    whenDamaged: takesOlder ? 'take-older' : 'refuse',
  };
}

/**
 * Reads `2026-03-01` or RFC 3339 such as `2026-03-01T12:00:00Z`. A date alone means its end, in UTC.
 * @throws {PosternError} exit 2, `time-invalid`
 */
function parseAsOf(text: string): Date {
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  const isTime = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)$/.test(text);
  const time = isDate ? new Date(`${text}T23:59:59.999Z`) : new Date(text.replace(' ', 'T'));
  // JavaScript takes 31 February for 3 March.
  const isReal = !Number.isNaN(time.getTime()) && isCalendarDate(text.slice(0, 10));
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
