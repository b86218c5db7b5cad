// A rewrap is a list of a set's session keys, for recipients who came later. It lies beside the sets, since a set is
// never changed: `rewraps/20260301T020000Z-9f2c41d0/20260801T101500Z-5b0c9a1e.json.zst.pgp`, and its signature.
import { newSetId } from '../format/layout.ts';

const pattern = /^\d{8}T\d{6}Z-[0-9a-f]{8}\.json\.zst\.pgp$/;

/** Where the rewraps of a set are, beside the sets. */
export function rewrapFolder(setId: string): string {
  return `rewraps/${setId}/`;
}

/** Sorts by time. @param random eight hexadecimal digits */
export function newRewrapName(setId: string, now: Date, random: string): string {
  return `${rewrapFolder(setId)}${newSetId(now, random)}.json.zst.pgp`;
}

/** Whether this is the name of a rewrap inside its folder. */
export function isRewrapName(name: string): boolean {
  return pattern.test(name);
}

/** Whether this path lies among the rewraps, beside the sets. */
export function isRewrapPath(path: string): boolean {
  return path.startsWith('rewraps/');
}
