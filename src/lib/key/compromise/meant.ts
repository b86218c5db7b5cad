import { refused, usageError } from '../../base/error.ts';
import type { RegisterContext } from '../register/context.ts';
import type { KeyRow, KeyShowResult } from '../register/results.ts';
import { showKey } from '../register/show.ts';
import type { CompromiseOptions } from './compromise.ts';

/** The key that is meant; of a keyring, all states of its keys. */
export interface MeantKey {
  readonly key: KeyRow;
  readonly rows: readonly KeyRow[];
  /** Of one subject, where one was named: those that are not destroyed. */
  readonly versions: KeyShowResult['versions'] | undefined;
  readonly unasked: KeyShowResult['unasked'];
}

/**
 * The one key that a person means.
 * @throws {PosternError} exit 2: `key-ambiguous`, `subject-without-key`, and as `showKey`; exit 6 `key-not-found-now`:
 * what could not be asked may have it
 */
export async function meantKey(
  context: RegisterContext,
  asked: Pick<CompromiseOptions, 'asked' | 'subject'>,
): Promise<MeantKey> {
  const { keys: rows, versions, unasked } = await showKey(context, { within: 0, census: 'last' }, asked);
  const [key] = rows;
  if (key === undefined) {
    throw refused(`no key is called ${asked.asked} in what could be asked`, {
      code: 'key-not-found-now',
      hints: unasked.map(({ source, reason }) => `${source} cannot be asked: ${reason}`),
    });
  }
  const others = rows.filter((row) => identityOf(row) !== identityOf(key));
  if (others.length > 0) {
    throw usageError(`${asked.asked} may be one of several keys`, {
      code: 'key-ambiguous',
      hints: rows.map(({ id }) => `\`postern key compromise ${id}\``),
    });
  }
  if (asked.subject === undefined) return { key, rows, versions: undefined, unasked };
  const living = versions.filter(({ state }) => state !== 'destroyed');
  if (living.length === 0) {
    throw usageError('this subject has no data key that is not destroyed', { code: 'subject-without-key' });
  }
  return { key, rows, versions: living, unasked };
}

/** Keys of one keyring are rows by their state. */
const identityOf = ({ kind, id, name }: KeyRow): string => (kind === 'dek' || kind === 'hmac' ? name : id);
