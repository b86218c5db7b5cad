import { PosternError, refused, usageError } from '../../base/error.ts';
import type { RegisterContext } from '../register/context.ts';
import type { KeyRow, KeyShowResult } from '../register/results.ts';
import { showKey } from '../register/show.ts';
import type { CompromiseOptions } from './compromise.ts';
import { describedRecipients, type FoundSetKeys } from './set-keys.ts';

/** The key that is meant; of a keyring, all states of its keys. */
export interface MeantKey {
  readonly key: Pick<KeyRow, 'id' | 'kind' | 'name' | 'usedFor'>;
  readonly rows: readonly KeyRow[];
  /** False for a key that backup sets name, and the configuration does not any more. */
  readonly isConfigured: boolean;
  /** Of one subject, where one was named: those that are not destroyed. */
  readonly versions: KeyShowResult['versions'] | undefined;
  readonly unasked: KeyShowResult['unasked'];
}

/**
 * The one key that a person means: of the register, or, by its fingerprint, of the backup sets.
 * @throws {PosternError} exit 2: `key-ambiguous`, `subject-without-key`, and as `showKey`; exit 6 `key-not-found-now`:
 * what could not be asked may have it
 */
export async function meantKey(
  context: RegisterContext,
  asked: Pick<CompromiseOptions, 'asked' | 'subject'>,
  readSets: () => Promise<FoundSetKeys>,
): Promise<MeantKey> {
  const shown = await shownKeys(context, asked);
  const { keys: rows, versions, unasked } = shown;
  const [key] = rows;
  if (key === undefined) return keyOfSets(asked.asked, shown, readSets);
  const others = rows.filter((row) => identityOf(row) !== identityOf(key));
  if (others.length > 0) {
    throw usageError(`${asked.asked} may be one of several keys`, {
      code: 'key-ambiguous',
      hints: rows.map(({ id }) => `\`postern key compromise ${id}\``),
    });
  }
  if (asked.subject === undefined) return { key, rows, isConfigured: true, versions: undefined, unasked };
  const living = versions.filter(({ state }) => state !== 'destroyed');
  if (living.length === 0) {
    throw usageError('this subject has no data key that is not destroyed', { code: 'subject-without-key' });
  }
  return { key, rows, isConfigured: true, versions: living, unasked };
}

/** Keys of one keyring are rows by their state. */
const identityOf = ({ kind, id, name }: KeyRow): string => (kind === 'dek' || kind === 'hmac' ? name : id);

interface Shown extends Pick<KeyShowResult, 'keys' | 'versions' | 'unasked'> {
  /** What to say where the backup sets do not know the key either. */
  readonly unknown?: PosternError;
}

/** As `showKey`; a recipient is found by its encryption keys as well. Where nothing has the name, no keys. */
async function shownKeys(
  context: RegisterContext,
  asked: Pick<CompromiseOptions, 'asked' | 'subject'>,
): Promise<Shown> {
  const show = (name: string) => showKey(context, { within: 0, census: 'last' }, { ...asked, asked: name });
  try {
    return await show(asked.asked);
  } catch (error) {
    if (!(error instanceof PosternError) || error.code !== 'key-unknown') throw error;
    const digits = digitsOf(asked.asked);
    const recipient =
      digits === undefined
        ? undefined
        : (await describedRecipients(context)).find(({ encryptionKeys }) =>
            encryptionKeys.some(({ fingerprint }) => fingerprint.endsWith(digits)),
          );
    if (recipient !== undefined) return show(`openpgp-recipient:${recipient.fingerprint}`);
    return { keys: [], versions: [], unasked: [], unknown: error };
  }
}

/** A key that the configuration does not name any more, and that still opens sets, or has signed them. */
async function keyOfSets(
  asked: string,
  { unasked, unknown }: Shown,
  readSets: () => Promise<FoundSetKeys>,
): Promise<MeantKey> {
  const digits = digitsOf(asked);
  const found = digits === undefined ? undefined : await readSets();
  const common = { rows: [], isConfigured: false, versions: undefined, unasked } as const;
  if (found !== undefined && digits !== undefined) {
    const recipients = found.sets.flatMap(({ keyIds, stub }) => [...(stub?.recipients ?? []), ...keyIds]);
    const signers = found.sets.flatMap(({ stub }) => stub?.signer ?? []);
    const whole = wholeOf(recipients, digits);
    const signer = wholeOf(signers, digits);
    if (whole !== undefined)
      return { ...common, key: keptKey('openpgp-recipient', whole, 'opens backup sets that are kept') };
    if (signer !== undefined)
      return { ...common, key: keptKey('openpgp-signer', signer, 'has signed backup sets that are kept') };
  }
  const all = [...unasked, ...(found?.unasked ?? []), ...problemsOf(found)];
  if (unknown !== undefined && all.length === 0) throw unknown;
  throw refused(`no key is called ${asked} in what could be asked`, {
    code: 'key-not-found-now',
    hints: all.map(({ source, reason }) => `${source} cannot be asked: ${reason}`),
  });
}

function problemsOf(found: FoundSetKeys | undefined): KeyShowResult['unasked'] {
  return (found?.sets ?? []).flatMap(({ setId, accessProblem, stubProblem }) => {
    const reason = accessProblem ?? stubProblem;
    return reason === null ? [] : [{ source: `the backup set ${setId}`, reason }];
  });
}

const keptKey = (
  kind: 'openpgp-recipient' | 'openpgp-signer',
  digits: string,
  use: string,
): MeantKey['key'] => ({
  id: `${kind}:${digits}`,
  kind,
  name: digits,
  usedFor: [`${use}; the configuration does not name it`],
});

/** What ends with these digits, or with whose digits these end: a set has no more than the last sixteen of a subkey. */
function wholeOf(candidates: readonly string[], digits: string): string | undefined {
  return (
    candidates.find((candidate) => candidate.endsWith(digits)) ??
    candidates.find((candidate) => candidate.length === 16 && digits.endsWith(candidate))
  );
}

/** Of a fingerprint, or its last sixteen digits or more; undefined for anything else. */
function digitsOf(asked: string): string | undefined {
  const digits = asked
    .replace(/^openpgp-(?:recipient|signer):/, '')
    .replaceAll(/\s|^0x/gi, '')
    .toUpperCase();
  return /^[0-9A-F]{16,40}$/.test(digits) ? digits : undefined;
}
