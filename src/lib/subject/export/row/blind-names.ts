import type { Masking, MaskPlace } from '../masking.ts';
import { addressesIn, areNamed, type OpenNames } from '../message/open-names.ts';

/** Whether a column, or a member of a document, is called as messages call blind copies (RFC 5322 §3.6.3): `bcc_to`. */
export const isBlindName = (name: string): boolean => /bcc/i.test(name);

/** What is masked in one place of a row. */
export interface BlindNames {
  /** @returns what stands in the place of a text that names recipients; undefined leaves it as it is */
  readonly hide: (text: string) => string | undefined;
  /** What was masked last; undefined where nothing was. */
  readonly note: string | undefined;
}

/**
 * Masks recipients whom the header of the row's message does not name. Where the row has no message, only those that
 * stand where blind copies are told. The person's own addresses stay, and those of the header.
 */
export function blindNames(
  masking: Masking,
  place: MaskPlace,
  { open, isBlind }: { readonly open: OpenNames; readonly isBlind: boolean },
): BlindNames {
  let index = 0;
  let note: string | undefined;
  return {
    get note() {
      return note;
    },
    hide(text) {
      const isOpen = (address: string) =>
        masking.isPerson(address) || (open === undefined ? !isBlind : areNamed(open, [address]));
      const all = addressesIn(text);
      if (all.every(isOpen)) return undefined;
      const masked = masking.mask(place, 'bcc', index++, Buffer.from(text));
      if (masked === undefined) return undefined;
      note = masked;
      return [...all.filter(isOpen), masked].join(', ');
    },
  };
}
