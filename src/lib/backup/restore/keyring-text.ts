import { counted } from '../../base/counted.ts';
import type { RestoredKeyring } from './keyring.ts';
import type { KeyringChoice } from './keyring-choice.ts';

interface Place {
  /** The database. */
  readonly source: string;
  readonly destination: string;
}

const unreadable = 'no wrapped key, and nobody can read what it encrypts';

/**
 * What is wrong with the wrapped keys that came back, in one sentence: a keyring that is gone before its time, or not
 * one key. Keys that only a younger keyring lacks are those of erased persons: nothing is wrong with that.
 */
export function keyringProblem(
  { from, rows, missing, lost }: RestoredKeyring,
  { source, destination }: Place,
): string | undefined {
  const gone = goneText({ from, lost, isEmpty: rows === 0 && missing > 0 }, destination);
  if (gone === undefined) return undefined;
  const came =
    rows === 0
      ? []
      : [`${counted(rows, 'row')} of ${source} have their wrapped key from the keyring of ${from}`];
  const lacking = missing === 0 ? [] : [`${counted(missing, 'row')} of ${source} have ${unreadable}`];
  return [gone, [...came, ...lacking].join('; ')].filter((part) => part !== '').join(': ');
}

/** The same before anything is loaded. */
export function keyringForecast(
  { keyring, lostKeyrings, expected, available }: KeyringChoice,
  { source, destination }: Place,
): string | undefined {
  const from = keyring?.setId ?? null;
  const gone = goneText(
    { from, lost: lostKeyrings, isEmpty: available < expected && available === 0 },
    destination,
  );
  if (gone === undefined) return undefined;
  const rows = `${counted(expected, 'row')} of ${source}`;
  return from === null
    ? `${gone}: ${rows} will have ${unreadable}`
    : `${gone}: ${rows} get what the keyring of ${from} still has`;
}

/** As nobody overlooks it. */
export function loud(problem: string): string {
  return `KEYRING GONE: ${problem}`;
}

function goneText(
  {
    from,
    lost,
    isEmpty,
  }: { readonly from: string | null; readonly lost: readonly string[]; readonly isEmpty: boolean },
  destination: string,
): string | undefined {
  if (lost.length > 0)
    return `the keyring of ${lost.join(', ')} is gone, though its lock has not ended and postern has not pruned it`;
  if (!isEmpty) return undefined;
  return from === null
    ? `no keyring is left at ${destination}`
    : `the keyring of ${from} has no key of this set`;
}

/** What a plan's step says. */
export function keyringSummary({ keyring, lostKeyrings, expected }: KeyringChoice, own: string): string {
  if (expected === 0) return 'no wrapped keys to load';
  const count = counted(expected, 'wrapped key');
  if (keyring?.setId === own) return `load ${count}`;
  const isLost = lostKeyrings.includes(own);
  if (keyring === null)
    return `LOAD NO WRAPPED KEYS: no keyring is left, ${isLost ? 'THOUGH ONE SHOULD BE, ' : ''}and what ${counted(expected, 'key')} encrypted cannot be read`;
  return `load what the keyring of ${keyring.setId} still has of ${count}: the set's own ${isLost ? 'IS GONE BEFORE ITS TIME' : 'has ended'}`;
}

/** What a plan counts. */
export function keyringEffects(
  { keyring, expected, available }: KeyringChoice,
  own: string,
): Readonly<Record<string, number>> {
  if (expected === 0 || keyring?.setId === own) return { 'wrapped keys': available };
  if (keyring === null) return { 'wrapped keys': 0, 'rows without their wrapped key': expected };
  return { [`wrapped keys at most, by the keyring of ${keyring.setId}`]: available };
}
