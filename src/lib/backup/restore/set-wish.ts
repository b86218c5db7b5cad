import { usageError } from '../../base/error.ts';
import { parseTime } from '../../base/parse-time.ts';

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
    ...(asOf === undefined ? {} : { asOf: parseTime(asOf, 'end') }),
    whenDamaged: takesOlder ? 'take-older' : 'refuse',
  };
}
